"""Text that can be stored and sent, whatever it quotes."""


def printable(text: str) -> str:
    """The text made valid UTF-8, since file names may contain any bytes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
