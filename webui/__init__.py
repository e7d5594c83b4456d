"""The Django project: settings read from the environment, URLs, middleware, WSGI."""
