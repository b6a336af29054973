"""The exception for mistakes of the user."""


class UserError(Exception):
    """A mistake that the user can correct.

    Its message is one sentence that names the file or the key and the remedy. The command line prints
    it without a traceback and exits with code 2.
    """


LONGEST = 60
"""Longest value, in characters, that a message quotes in full."""


def quoted(value: object) -> str:
    """Return ``value`` for a message: in quotes, shortened, with line ends and control characters escaped."""
    text = str(value)
    shown = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return "'" + "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in shown) + "'"


def one_line(text: str) -> str:
    """Return a message as one line that a terminal can show: line ends and control characters are escaped."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
