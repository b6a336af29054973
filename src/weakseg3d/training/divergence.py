"""Divergence: the end of a training whose loss or weights are no longer finite."""

import os

from weakseg3d.errors import UserError


class DivergedError(UserError):
    """A training that diverged, which happens in all of its processes at the same step.

    ``out`` is the folder of the training, and ``problem`` says what is not finite.
    """

    def __init__(self, out: str | os.PathLike[str], problem: str) -> None:
        super().__init__(f"{out}: training diverged, as {problem}; lower the method's learning rate")
