"""A sliding window over a volume of any size: the image enters it, and the output leaves it, some slices at a time.

Windows, weights, and the order of all sums are those of MONAI's ``sliding_window_inference``, so that the result has
the same bits; MONAI holds image, sums and weights of the whole volume.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from monai.data.utils import compute_importance_map
from torch.nn import functional

from weakseg3d.inference.windows import Place, WindowGrid

WINDOWS_AT_ONCE = 4

SKIPPED = torch.empty(0)
"""In place of the output of a window that was not predicted."""

MOST_KNOWN = 2
"""Outputs of windows of one value that are kept: intensities are scaled and clipped, so it is nearly always air, and
may be bone or metal."""


class Skipped(NamedTuple):
    """Windows of the ``value`` alone are not predicted; where nothing else is, ``output`` (C,) stands for theirs."""

    value: float
    output: Sequence[float]


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
    repeats: bool = False,
    skipped: Skipped | None = None,
) -> Iterator[torch.Tensor]:
    """Yield the output of ``predictor`` on an image of ``shape`` (z, y, x) in sections (C, slices, y, x), in order.

    ``slices`` returns the image from one slice up to but without another, and is asked for each slice once. Windows
    have ``patch_size`` (z, y, x) voxels, neighbours share the fraction ``overlap`` of their width, and the predictor
    receives them as (windows, 1, z, y, x), channels last. Its output has as many voxels, and is changed in place. With
    the ``blending`` "gaussian", the centre of a window has more weight than its rim, with "constant" all voxels have
    the same. If the predictor ``repeats`` itself, which one that draws noise does not, windows of one value throughout,
    such as air, are predicted once; the others then share other batches, and a network rounds differently where a
    window is alone in its batch (see `_predicted`). Those that are ``skipped`` have no part in the means.
    """
    grid = WindowGrid(shape, patch_size, overlap)
    weights = compute_importance_map(tuple(patch_size), mode=blending)
    known = {skipped.value: SKIPPED} if skipped else {}
    outputs = _predicted(predictor, grid.read(slices), weights, grid.side_by_side(), repeats, known)
    for section in _blended(outputs, weights, grid.padded, skipped.output if skipped else None):
        yield grid.inside(section)


def _predicted(
    predictor: Callable[[torch.Tensor], torch.Tensor],
    windows: Iterable[tuple[Place, torch.Tensor]],
    weights: torch.Tensor,
    most: int,
    repeats: bool,
    known: dict[float, torch.Tensor],
) -> Iterator[tuple[Place, torch.Tensor]]:
    """Yield the weighted output (C, z, y, x) of each window with its place, in order.

    Some windows are predicted at once; beside them at most ``most`` wait whose output is ``known``, by the one value
    that they hold.
    """
    group: list[tuple[Place, torch.Tensor | None]] = []
    new: list[torch.Tensor] = []
    for place, voxels in windows:
        value = _only_value(voxels) if repeats or known else None
        if repeats and value is not None and value not in known and len(known) < MOST_KNOWN:
            # Two of them, as torch convolves a single window by another algorithm, which rounds differently.
            known[value] = _outputs(predictor, [voxels, voxels], weights)[0]
        output = None if value is None else known.get(value)
        group.append((place, output))
        if output is None:
            new.append(voxels)
        if len(new) == WINDOWS_AT_ONCE or len(group) >= max(most, WINDOWS_AT_ONCE):
            yield from _in_order(group, _outputs(predictor, new, weights))
            group, new = [], []
    yield from _in_order(group, _outputs(predictor, new, weights))


def _in_order(
    group: Iterable[tuple[Place, torch.Tensor | None]], outputs: Iterable[torch.Tensor]
) -> Iterator[tuple[Place, torch.Tensor]]:
    """Yield the places of a ``group`` with their outputs; those that were not known are the next of ``outputs``."""
    new = iter(outputs)
    return ((place, next(new) if output is None else output) for place, output in group)


def _only_value(window: torch.Tensor) -> float | None:
    """Return the value of all voxels of a ``window``, or None if they differ."""
    low, high = (float(end) for end in torch.aminmax(window))
    return low if low == high else None


def _outputs(
    predictor: Callable[[torch.Tensor], torch.Tensor], windows: Sequence[torch.Tensor], weights: torch.Tensor
) -> torch.Tensor:
    """Return the weighted outputs (windows, C, z, y, x) of ``windows`` (z, y, x)."""
    if not windows:
        return torch.empty(0)
    together = torch.stack(list(windows))[:, None].contiguous(memory_format=torch.channels_last_3d)
    return predictor(together).mul_(weights.to(together.device))


def _blended(
    outputs: Iterable[tuple[Place, torch.Tensor]],
    weights: torch.Tensor,
    shape: Sequence[int],
    background: Sequence[float] | None,
) -> Iterator[torch.Tensor]:
    """Yield the sums of the weighted ``outputs`` over those of the weights, in sections (C, slices, y, x).

    The whole has the ``shape`` (z, y, x). A section ends where no later window reaches. Where all windows were skipped,
    the ``background`` (C,) stands.
    """
    start, total, norm = 0, torch.empty(0), torch.empty(0)
    for (depth, *across), output in outputs:
        if not total.numel():
            weights = weights.to(output.device)
            total = weights.new_zeros((len(background or output), 0, *shape[1:]))
            norm = weights.new_zeros((0, *shape[1:]))
        if depth.start > start:
            finished = depth.start - start
            yield _mean(total[:, :finished], norm[:finished], background)
            start, total, norm = depth.start, total[:, finished:], norm[finished:]
        total, norm = (_up_to(depth.stop - start, sums) for sums in (total, norm))
        if output is SKIPPED:
            continue
        here = slice(depth.start - start, depth.stop - start)
        total[:, here, *across] += output
        norm[here, *across] += weights
    yield _mean(total, norm, background)


def _mean(total: torch.Tensor, norm: torch.Tensor, background: Sequence[float] | None) -> torch.Tensor:
    """Return ``total`` (C, z, y, x), which is changed, over ``norm``, and the ``background`` (C,) where that is 0."""
    mean = total.div_(norm)
    if background is not None:
        mean[:, norm == 0] = mean.new_tensor(background)[:, None]
    return mean


def _up_to(slices: int, sums: torch.Tensor) -> torch.Tensor:
    """Return ``sums`` (..., z, y, x), made so many ``slices`` long by zeros."""
    missing = slices - sums.shape[-3]
    return functional.pad(sums, (0, 0, 0, 0, 0, missing)) if missing > 0 else sums
