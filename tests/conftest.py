"""Fixtures that every area of the tests shares."""
