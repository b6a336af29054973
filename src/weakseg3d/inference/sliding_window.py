"""A sliding window over a volume of any size: the image enters it, and the output leaves it, some slices at a time.

Windows, weights, and the order of all sums are those of MONAI's ``sliding_window_inference``, so that the result has
the same bits; MONAI holds image, sums and weights of the whole volume.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from monai.data.utils import compute_importance_map
from torch.nn import functional

from weakseg3d.inference.windows import Place, WindowGrid

WINDOWS_AT_ONCE = 4


def sliding_window_prediction(
    predictor: Callable[[torch.Tensor], torch.Tensor],
    image: torch.Tensor,
    patch_size: Sequence[int],
    overlap: float,
    blending: str = "gaussian",
) -> torch.Tensor:
    """Return the output of ``predictor`` on windows of an ``image`` (z, y, x), (1, C, z, y, x); see the sections."""
    windows = patch_size, overlap, blending
    sections = predicted_sections(predictor, lambda start, stop: image[start:stop], image.shape, *windows)
    return torch.cat(list(sections), dim=1)[None]


def predicted_sections(
    predictor: Callable[[torch.Tensor], torch.Tensor],
    slices: Callable[[int, int], torch.Tensor],
    shape: Sequence[int],
    patch_size: Sequence[int],
    overlap: float,
    blending: str = "gaussian",
) -> Iterator[torch.Tensor]:
    """Yield the output of ``predictor`` on an image of ``shape`` (z, y, x) in sections (C, slices, y, x), in order.

    ``slices`` returns the image from one slice up to but without another, and is asked for each slice once. Windows
    have ``patch_size`` (z, y, x) voxels, neighbours share the fraction ``overlap`` of their width, and the predictor
    receives them as (windows, 1, z, y, x), channels last. Its output has as many voxels, and is changed in place. With
    the ``blending`` "gaussian", the centre of a window has more weight than its rim, with "constant" all voxels have
    the same.
    """
    grid = WindowGrid(shape, patch_size, overlap)
    weights = compute_importance_map(tuple(patch_size), mode=blending)
    outputs = _predicted(predictor, grid.read(slices), weights)
    for section in _blended(outputs, weights, grid.padded):
        yield grid.inside(section)


def _predicted(
    predictor: Callable[[torch.Tensor], torch.Tensor],
    windows: Iterable[tuple[Place, torch.Tensor]],
    weights: torch.Tensor,
) -> Iterator[tuple[Place, torch.Tensor]]:
    """Yield the weighted output (C, z, y, x) of each window with its place, predicted some windows at once."""
    windows = iter(windows)
    while batch := list(itertools.islice(windows, WINDOWS_AT_ONCE)):
        places, voxels = zip(*batch, strict=True)
        yield from zip(places, _outputs(predictor, voxels, weights), strict=True)


def _outputs(
    predictor: Callable[[torch.Tensor], torch.Tensor], windows: Sequence[torch.Tensor], weights: torch.Tensor
) -> torch.Tensor:
    """Return the weighted outputs (windows, C, z, y, x) of windows (z, y, x)."""
    together = torch.stack(list(windows))[:, None].contiguous(memory_format=torch.channels_last_3d)
    return predictor(together).mul_(weights.to(together.device))


def _blended(
    outputs: Iterable[tuple[Place, torch.Tensor]], weights: torch.Tensor, shape: Sequence[int]
) -> Iterator[torch.Tensor]:
    """Yield the sums of the weighted ``outputs`` over those of the weights, in sections (C, slices, y, x).

    The whole has the ``shape`` (z, y, x). A section ends where no later window reaches.
    """
    start, total, norm = 0, torch.empty(0), torch.empty(0)
    for (depth, *across), output in outputs:
        if not total.numel():
            weights = weights.to(output.device)
            total, norm = weights.new_zeros((len(output), 0, *shape[1:])), weights.new_zeros((0, *shape[1:]))
        if depth.start > start:
            finished = depth.start - start
            yield total[:, :finished].div_(norm[:finished])
            start, total, norm = depth.start, total[:, finished:], norm[finished:]
        total, norm = (_up_to(depth.stop - start, sums) for sums in (total, norm))
        here = slice(depth.start - start, depth.stop - start)
        total[:, here, *across] += output
        norm[here, *across] += weights
    yield total.div_(norm)


def _up_to(slices: int, sums: torch.Tensor) -> torch.Tensor:
    """Return ``sums`` (..., z, y, x), made so many ``slices`` long by zeros."""
    missing = slices - sums.shape[-3]
    return functional.pad(sums, (0, 0, 0, 0, 0, missing)) if missing > 0 else sums
