"""Types of the verbs' numeric options: numbers that computations can use, which Python's ``float`` does not ensure."""

import argparse
import math

from weakseg3d.errors import quoted
from weakseg3d.texts import LARGEST_INTEGER


def finite_number(text: str) -> float:
    """Return ``text`` as a number; raise ArgumentTypeError if it is not one, is NaN, or is infinite."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not a finite number")
    return number


def whole_number(text: str) -> int:
    """Return ``text`` as a whole number; raise ArgumentTypeError if it is not one or does not fit 64 bits."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is not a whole number") from None
    if abs(number) > LARGEST_INTEGER:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is beyond the whole numbers of 64 bits")
    return number
