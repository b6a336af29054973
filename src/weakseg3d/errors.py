"""The exception for mistakes of the user, and how its messages show text that comes from outside."""

LONGEST_QUOTE = 60
"""Characters that a message shows of a value; enough to recognise it, and the sentence stays readable."""


class UserError(Exception):
    """A mistake that the user can correct.

    Its message is one sentence that names the file or the key and the remedy. The command line prints
    it without a traceback and exits with code 2.
    """


def printable(value: object) -> str:
    """Return ``value`` as text without line ends, control characters and bytes that are not UTF-8.

    Each such character is replaced by ``?``. Messages show paths this way, in full.
    """
    return "".join(character if character.isprintable() else "?" for character in str(value))


def quoted(value: object) -> str:
    """Return ``value`` in quotation marks, without control characters and shortened to `LONGEST_QUOTE` characters.

    Messages show values from files, options and archives this way.
    """
    # Only the start of a long text is looked at: a number of 5,000 digits or a table cell of 1 MB is cheap to quote.
    try:
        text = str(value)
    except ValueError:
        text = "a number that is too long to print"  # Python refuses to print integers with more than 4,300 digits.
    start = printable(text[: LONGEST_QUOTE + 1])
    return f"'{start}'" if len(start) <= LONGEST_QUOTE else f"'{start[:LONGEST_QUOTE]}…'"
