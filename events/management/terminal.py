"""What commands print of texts that others wrote."""


def printable(text: str) -> str:
    """`text` as one line that cannot steer a terminal, whoever wrote it."""
    return "".join(character if character.isprintable() else "?" for character in text)
