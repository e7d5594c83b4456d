"""What may be said in a log of an error of the database."""


def first_line(error: Exception) -> str:
    """Its kind and first line: the lines after that may hold text of a row."""
    return f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
