"""The API client against real sockets."""
