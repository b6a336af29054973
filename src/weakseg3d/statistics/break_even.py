"""When annotating some scans once costs less than annotating every scan that is to come."""

import math
from dataclasses import dataclass

DECIMALS = 9
"""Ratios that agree to this number of decimals are equal: efforts are means over cases, with rounding errors."""


@dataclass(frozen=True)
class Payment:
    """The effort of a method in one unit: ``once``, before the first scan, and ``per_scan`` for each one to come."""

    once: float
    per_scan: float

    def total(self, scans: int) -> float:
        """Return the effort until ``scans`` scans are segmented."""
        return self.once + scans * self.per_scan


def break_even(first: Payment, second: Payment) -> int | None:
    """Return from which number of scans on, at least 1, ``first`` costs less than ``second``; None if it never does.

    Equal totals are not less. With ``first`` paid once and ``second`` per scan it is ``floor(once / per_scan) + 1``.
    """
    saved, ahead = second.per_scan - first.per_scan, first.once - second.once
    if saved <= 0:
        return 1 if saved == 0 and ahead < 0 else None
    return max(1, math.floor(round(ahead / saved, DECIMALS)) + 1)
