"""A sliding window over a whole volume whose output leaves it in sections, so that only a few slices are held."""

from collections.abc import Callable, Iterator, Sequence

import torch
from monai.data.utils import compute_importance_map, dense_patch_slices

from weakseg3d.inference.sliding_window import sliding_window_prediction


def predicted_sections(
    predictor: Callable[[torch.Tensor], torch.Tensor],
    slices: Callable[[int, int], torch.Tensor],
    shape: Sequence[int],
    patch_size: Sequence[int],
    overlap: float,
    blending: str = "gaussian",
) -> Iterator[torch.Tensor]:
    """Yield the output of ``predictor`` on an image of ``shape`` (z, y, x) in sections (C, slices, y, x), in order.

    ``slices`` returns the image from one slice up to but without another, and is asked for each slice once. Together
    the sections are the result of `sliding_window_prediction`, to rounding: the same windows with the same weights.
    """
    depth, count = patch_size[0], shape[0]
    if count <= depth:
        yield sliding_window_prediction(predictor, slices(0, count), patch_size, overlap, blending)[0]
        return
    starts = [int(window[0].start) for window in dense_patch_slices([count], [depth], [_step(depth, count, overlap)])]
    image = slices(0, depth)
    weights = _sum_of_weights(shape[1:], patch_size, overlap, blending).to(image.device)
    # Sums over the windows so far, for the slices that later windows cover as well.
    total, norm = None, weights[:0]
    for before, start, following in zip([0, *starts[:-1]], starts, [*starts[1:], count], strict=True):
        if start > before:
            image = torch.cat([image[start - before :], slices(before + depth, start + depth)])
        mean = sliding_window_prediction(predictor, image, patch_size, overlap, blending)[0]
        new_total, new_norm = mean.mul_(weights), weights.clone()
        if total is not None:
            new_total[:, : len(norm)] += total
            new_norm[: len(norm)] += norm
        finished = following - start
        yield new_total[:, :finished].div_(new_norm[:finished])
        total, norm = new_total[:, finished:], new_norm[finished:]


def _sum_of_weights(size: Sequence[int], patch_size: Sequence[int], overlap: float, blending: str) -> torch.Tensor:
    """Return the sum (patch z, y, x) of the weights of all windows that cover the same slices of ``size`` (y, x)."""
    importance = compute_importance_map(tuple(patch_size), mode=blending)
    # Where the image is smaller than a window, MONAI pads it at both ends.
    padded = [max(n, p) for n, p in zip(size, patch_size[1:], strict=True)]
    steps = [_step(p, n, overlap) for n, p in zip(padded, patch_size[1:], strict=True)]
    total = torch.zeros((patch_size[0], *padded))
    for rows, columns in dense_patch_slices(padded, patch_size[1:], steps):
        total[:, rows, columns] += importance
    (top, left) = ((n - m) // 2 for n, m in zip(padded, size, strict=True))
    return total[:, top : top + size[0], left : left + size[1]]


def _step(window: int, length: int, overlap: float) -> int:
    """Return the distance between neighbouring windows along an axis, as MONAI chooses it."""
    return window if window == length else max(1, int(window * (1 - overlap)))
