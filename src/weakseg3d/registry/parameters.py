"""The words in which a network, a loss or another choice of a recipe describes itself in its signature.

    def unet(
        patch_size: Annotated[Sequence[int], DivisibleBy(lambda channels: 2 ** (len(channels) - 1))],
        channels: Annotated[Sequence[int], Parameter("Width of each level.", at_least=1, items=(3, None))],
    ) -> nn.Module:

`weakseg3d.registry.signatures` reads them from the text of the file, so they may only use the names of
`VOCABULARY`, of the same file and of other modules of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    SoftTarget = torch.Tensor
    SparseTarget = torch.Tensor
    SoftLabel = NDArray[np.float32]
    SparseLabel = NDArray[np.uint8]
    Mask = NDArray[np.uint8]
else:

    class SoftTarget:
        """A target with a value in [0, 1] at every voxel."""

    class SparseTarget:
        """A target of 0, 1 and, where the class is unknown, `weakseg3d.images.labels.IGNORE`."""

    class SoftLabel:
        """A pseudo label with values in [0, 1]."""

    class SparseLabel:
        """A pseudo label of 0, 1 and, where the class is unknown, `weakseg3d.images.labels.IGNORE`."""

    class Mask:
        """A pseudo label of 0 and 1."""


@dataclass(frozen=True)
class Parameter:
    """What a parameter of a recipe means, and which values it takes.

    Bounds hold for a number or for every item of a sequence; ``items`` is the number of items, or the fewest and the
    most of them (None for no limit). An ``implied`` default is not written into recipes and so not into paths.
    """

    meaning: str
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    multiple_of: int | None = None
    items: int | tuple[int | None, int | None] | None = None
    implied: bool = False

    def bounds(self) -> dict[str, Any]:
        """Return the bounds of a number as JSON Schema."""
        bounds = {
            "minimum": self.at_least,
            "exclusiveMinimum": self.above,
            "maximum": self.at_most,
            "exclusiveMaximum": self.below,
            "multipleOf": self.multiple_of,
        }
        return {key: value for key, value in bounds.items() if value is not None}

    def lengths(self) -> dict[str, int]:
        """Return the bounds of a sequence's length as JSON Schema."""
        fewest, most = self.items if isinstance(self.items, tuple) else (self.items, self.items)
        return {key: value for key, value in (("minItems", fewest), ("maxItems", most)) if value is not None}


@dataclass(frozen=True)
class Rule:
    """What must hold between the parameters that ``holds`` names; ``requirement`` continues "PARAMETER ...".

    For example ``Rule("must divide hidden_size", lambda heads, hidden_size: hidden_size % heads == 0)``.
    """

    requirement: str
    holds: Callable[..., bool]


@dataclass(frozen=True)
class DivisibleBy:
    """What the patch must be divisible by: a number, or three for (z, y, x), from the parameters that ``by`` names.

    ``several`` says that the patch must also exceed it, as one voxel on the coarsest level is not enough.
    """

    by: Callable[..., int | Sequence[int]]
    several: bool = False


@dataclass(frozen=True)
class Stochastic:
    """Whether a network draws noise in prediction as well, and so has a KL divergence, from the parameters named."""

    when: Callable[..., bool]


@dataclass(frozen=True)
class ForDivergence:
    """Marks a parameter of a network that only changes its KL divergence, and so has no effect without that term."""


@dataclass(frozen=True)
class MadeOf:
    """The annotations that a pseudo label can be made of."""

    annotations: tuple[str, ...]


@dataclass(frozen=True)
class SavedAs:
    """The suffix of an annotation's file, and the annotation of this package that its content is ``like``.

    An annotation in a file of the user's must name one: what learns from that learns from it as well.
    """

    suffix: str
    like: str | None = None


@dataclass(frozen=True)
class Perturbed:
    """Marks the result of a perturbation: an image on the grid of the one that was given."""


WORDS = (
    *(Parameter, Rule, DivisibleBy, Stochastic, ForDivergence, MadeOf, SavedAs, Perturbed),
    *(SoftTarget, SparseTarget, SoftLabel, SparseLabel, Mask),
)
VOCABULARY: dict[str, Any] = {
    **{kind.__name__: kind for kind in (int, float, bool, str, list, tuple, len, min, max, all, any)},
    **{word.__name__: word for word in WORDS},
    "Annotated": Annotated,
    "Literal": Literal,
    "Sequence": Sequence,
    "Any": Any,
}
"""The names that a signature may use without defining or importing them from this package."""
