"""A click or face that misses is drawn again, until it lies where the annotator would let it be."""

ATTEMPTS = 1000
"""Draws before the annotator gives up and takes the place that was aimed at."""


def first_fitting(draws, fits, otherwise):
    """Return the first of ``draws`` (n, ...) for which ``fits`` (n,) is true, or ``otherwise`` if there is none."""
    return draws[fits.argmax()] if fits.any() else otherwise
