"""A click or face that misses is drawn again until it lies where the annotator would accept it."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

ATTEMPTS = 1000
"""Draws before the annotator gives up and takes the exact position aimed at."""

Position = TypeVar("Position", bound=np.float64 | NDArray[np.float64])


def first_fitting(draws: NDArray[np.float64], fits: NDArray[np.bool_], otherwise: Position) -> Position:
    """Return the first of ``draws`` (n, ...) for which ``fits`` (n,) is true, or ``otherwise`` if there is none."""
    return draws[fits.argmax()] if fits.any() else otherwise
