"""Benchmarks: what things cost against floors measured in the same run."""
