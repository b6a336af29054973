"""Progress of long tasks: a bar with a time estimate on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Collection, Iterator
from typing import Self, TypeVar

from tqdm import tqdm

LOG_INTERVAL = 10.0
"""Seconds between two lines in a log."""

Item = TypeVar("Item")


class Progress:
    """Counts finished units of work; use it as a context manager and call `advance`."""

    def __init__(self, total: int, description: str, unit: str = "case") -> None:
        self.total, self.description, self.unit, self.done = total, description, unit, 0
        self._start = self._last = time.monotonic()
        self._bar = tqdm(total=total, desc=description, unit=unit) if sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def advance(self, note: str = "", amount: int = 1) -> None:
        """Count ``amount`` finished units; ``note`` (such as the current loss) is shown next to the count."""
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


def track(items: Collection[Item], description: str, unit: str = "case") -> Iterator[Item]:
    """Yield ``items`` while showing the progress."""
    with Progress(len(items), description, unit) as progress:
        for item in items:
            yield item
            progress.advance()
