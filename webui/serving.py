"""gunicorn's settings: `gunicorn --config python:webui.serving webui.wsgi`."""

# No more connections than two for each thread: what waits beyond waits in the one backlog that all
# processes share, and not behind a process that happens to have more to do.
worker_class = "gthread"
workers = 2
threads = 8
worker_connections = 16

# A send may take CLOUDFLARE_DEADLINE (28 seconds at most), and is finished before the end.
timeout = 60
graceful_timeout = 32

# The longest address of a page is a filter of the log, the largest header a browser's cookies.
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

umask = 0o077
loglevel = "warning"
control_socket_disable = True
