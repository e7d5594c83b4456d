"""Django's PostgreSQL backend with a bound on waiting for locks."""
