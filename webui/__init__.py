"""Event Desk."""
