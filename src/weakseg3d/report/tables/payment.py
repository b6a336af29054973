"""What each method costs an annotator, and when it is paid: once, for every new scan, or never."""

import math

from weakseg3d.experiment.payment_times import NEVER, PER_SCAN
from weakseg3d.statistics.break_even import Payment

CLICKS, DRAWN, SECONDS = "clicks", "cm", "s"
UNITS = (CLICKS, DRAWN, SECONDS)
"""The units of efforts, of which two methods need one in common to be compared."""


def payment(row, unit):
    """Return the `Payment` of a method in one of `UNITS`, or None if that is not known, or not the whole of its effort.

    ``row`` has ``effort_clicks``, ``effort_cm`` and, if known, ``effort_seconds``, means over the ``effort_cases``
    annotated scans, and ``effort_paid``, one of `weakseg3d.experiment.payment_times.PAID`.
    """
    if row["effort_paid"] == NEVER:
        return Payment(0.0, 0.0)
    effort = effort_per_scan(row, unit)
    if math.isnan(effort):
        return None
    return Payment(0.0, effort) if row["effort_paid"] == PER_SCAN else Payment(effort * row["effort_cases"], 0.0)


def effort_per_scan(row, unit):
    """Return the effort on an annotated scan in one of `UNITS`; NaN if it is not known, or not the whole of it.

    ``row`` has ``effort_clicks``, ``effort_cm`` and, if known, ``effort_seconds``.
    """
    clicks, drawn, seconds = row["effort_clicks"], row["effort_cm"], row.get("effort_seconds", math.nan)
    # Clicks alone would belittle a method with drawn outlines as well, and the other way round.
    whole = {CLICKS: clicks if drawn == 0 else math.nan, DRAWN: drawn if clicks == 0 else math.nan, SECONDS: seconds}
    return whole[unit]


def common_units(first, second):
    """Return the units in which both rows have a `payment`: clicks or centimetres, and seconds if they are known.

    Two methods of which one costs nothing have those of the other; seconds only where some are known.
    """
    paying = [row for row in (first, second) if row["effort_paid"] != NEVER]
    return [unit for unit in UNITS if paying and all(_costs(row, unit) for row in paying)]


def _costs(row, unit):
    known = payment(row, unit)
    return known is not None and (known.once > 0 or known.per_scan > 0)
