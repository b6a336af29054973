"""When the annotator's effort for a method is paid: on its training scans, on each scan that it segments, or never."""

from collections.abc import Iterable

ONCE, PER_SCAN, NEVER = "once", "per_scan", "never"
PAID = (ONCE, PER_SCAN, NEVER)


def has_both(paid: Iterable[str]) -> bool:
    """Return whether of some methods, ``paid`` as it says, one is paid for per scan, and another one once or never."""
    times = set(paid)
    return PER_SCAN in times and bool(times & {ONCE, NEVER})
