"""What annotations have in common: an unsteady hand, and notes on what differs from what was asked for."""

from typing import Annotated

from weakseg3d.registry.parameters import Parameter

Jitter = Annotated[
    float, Parameter("Standard deviation in mm by which clicks miss their voxel.", at_least=0, implied=True)
]


def silent(note: str) -> None:
    """Ignore a ``note``."""
