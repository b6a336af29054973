"""The windows over a volume, as MONAI's ``sliding_window_inference`` lays them."""

from collections.abc import Callable, Iterator, Sequence

import torch
from monai.data.utils import dense_patch_slices
from torch.nn import functional

Place = tuple[slice, ...]
"""Where a window lies in the padded volume, (z, y, x)."""


class WindowGrid:
    """Windows of ``patch_size`` over a volume of ``shape``, both (z, y, x); neighbours share a fraction ``overlap``.

    A volume that is smaller than a window along an axis is padded with zeros at both ends.
    """

    def __init__(self, shape: Sequence[int], patch_size: Sequence[int], overlap: float) -> None:
        """Nothing is read yet."""
        self.shape = tuple(shape)
        missing = [max(0, patch - size) for size, patch in zip(shape, patch_size, strict=True)]
        self.margins = [(more // 2, more - more // 2) for more in missing]
        """Voxels that are added before and after the volume, by axis."""
        self.padded = [size + more for size, more in zip(shape, missing, strict=True)]
        steps = [
            patch if patch == size else max(1, int(patch * (1 - overlap)))
            for size, patch in zip(self.padded, patch_size, strict=True)
        ]
        places = dense_patch_slices(self.padded, patch_size, steps)
        # NumPy's whole numbers, which ITK does not take, become Python's.
        self.places: list[Place] = [tuple(slice(int(n.start), int(n.stop)) for n in place) for place in places]
        """In their order, those of the first slices first."""

    def side_by_side(self) -> int:
        """Return how many windows cover the same slices."""
        return sum(place[0] == self.places[0][0] for place in self.places)

    def read(self, slices: Callable[[int, int], torch.Tensor]) -> Iterator[tuple[Place, torch.Tensor]]:
        """Yield the windows with their places, in order.

        ``slices`` returns the volume from one slice up to but without another, and is asked for each slice once.
        """
        (front, _), *_ = self.margins
        padding = [more for ends in reversed(self.margins) for more in ends]
        held = torch.empty(0)
        start = stop = 0
        for place in self.places:
            depth, *across = place
            if depth.stop > stop:
                # Only a volume of a single row of windows has a margin before its first slice or after its last.
                new = functional.pad(slices(stop, min(depth.stop, self.shape[0])), padding)
                held = torch.cat([held[depth.start - start :], new]) if stop else new
                start, stop = depth.start, depth.stop
            yield place, held[depth.start - start : depth.stop - start, *across]

    def inside(self, section: torch.Tensor) -> torch.Tensor:
        """Return a section (C, slices, y, x) of the padded volume without what was added."""
        volume = (slice(before, before + size) for (before, _), size in zip(self.margins, self.shape, strict=True))
        return section[:, *volume]
