"""One broken input and the verb that has to cope with it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Attempt:
    """``write(folder)`` writes the input and returns the verb's arguments, with paths relative to ``folder``.

    ``may_pass`` marks inputs that a careful program may accept, such as a changed byte in an intensity.
    """

    group: str
    kind: str
    name: str
    write: Callable[[Path], list[str]]
    may_pass: bool = False
