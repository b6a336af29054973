"""Progress of long work: a bar with an estimate on a terminal, plain lines in a log."""

import sys
import time

from tqdm import tqdm

LOG_INTERVAL = 10.0
"""Seconds between two lines in a log."""


class Progress:
    """Counts finished units of work; use as a context manager and call `advance`."""

    def __init__(self, total, description, unit="case"):
        self.total, self.description, self.unit, self.done = total, description, unit, 0
        self._start = self._last = time.monotonic()
        self._bar = tqdm(total=total, desc=description, unit=unit) if sys.stderr.isatty() else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.close()

    def advance(self, note="", amount=1):
        """Count ``amount`` finished units; ``note`` (such as the current loss) stands beside them."""
        self.done += amount
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(amount)
            return
        now = time.monotonic()
        if self.done == self.total or now - self._last >= LOG_INTERVAL:
            self._last = now
            left = (now - self._start) / self.done * (self.total - self.done)
            text = f"{self.description}: {self.done}/{self.total} {self.unit}s, {left:.0f} s left"
            print(f"{text}, {note}" if note else text, file=sys.stderr, flush=True)


def track(items, description, unit="case"):
    """Yield ``items`` (a sized collection) while showing progress."""
    with Progress(len(items), description, unit) as progress:
        for item in items:
            yield item
            progress.advance()
