"""The checks of an entry before it is sent."""
