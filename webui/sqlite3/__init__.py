"""Django's SQLite backend with a fair queue in front of the one lock for writing."""
