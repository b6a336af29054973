"""Clicks spread over an organ, as steady or as imprecise as a person's, and clicks on the background."""

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from weakseg3d.annotations.farthest_points import farthest_point_sampling
from weakseg3d.annotations.markups import Annotation
from weakseg3d.annotations.notes import Jitter, silent
from weakseg3d.annotations.slices import axial_slices
from weakseg3d.annotations.world import to_voxels, to_world
from weakseg3d.images.volumes import long_axis
from weakseg3d.registry.parameters import Parameter, SavedAs

SLIP_MM = 20.0
"""A misplaced click is a slip of the hand: it lands at most this far outside the organ's bounding box."""


def points(
    mask: sitk.Image,
    number: Annotated[int, Parameter("Clicks on the organ.", at_least=1)] = 200,
    candidate_share: Annotated[
        float, Parameter("Share of the organ's voxels drawn as candidates.", above=0, at_most=1)
    ] = 0.5,
    background: Annotated[int, Parameter("Clicks placed at random outside the organ.", at_least=0)] = 0,
    seed: int = 0,
    *,
    sampling: Annotated[
        Literal["farthest", "random", "surface"],
        Parameter(
            "How clicks are chosen from the candidates: far apart, at random, or far apart on the organ's surface.",
            implied=True,
        ),
    ] = "farthest",
    slices: Annotated[
        int | None,
        Parameter("Number of axial slices that clicks are restricted to; all slices by default.", at_least=1),
    ] = None,
    jitter: Jitter = 0.0,
    misplaced: Annotated[
        float,
        Parameter("Share of the clicks that fall outside the organ.", at_least=0, at_most=1, implied=True),
    ] = 0.0,
    note: Callable[[str], None] = silent,
) -> Annotated[Annotation, SavedAs(".mrk.json")]:
    """Return clicks spread over the organ, by default by farthest point sampling.

    There are also ``background`` clicks, spread at random outside the organ in ``mask``. The candidates are a random
    share of the organ's voxels, on all slices or on ``slices`` axial ones chosen as in `slices`. If the share holds
    fewer than ``number`` voxels, more of them become candidates, up to all. ``number`` candidates are clicked: by
    farthest point sampling in mm, or at ``random``. With ``surface``, the candidates are drawn from the organ's surface
    alone, its voxels that share a face with a voxel outside it or with the border of the volume, and clicked by
    farthest point sampling. Every click on the organ is then moved by a Gaussian of standard deviation ``jitter`` mm on
    each world axis, but not out of the image. Finally the share ``misplaced`` of the clicks is replaced by voxels
    outside the organ, at most `SLIP_MM` from its bounding box; if there are no such voxels, the clicks stay where they
    are.

    Every step has its own random stream: the clicks on the organ do not depend on ``background``, nor the candidates
    on how they are sampled. An empty mask gives no clicks at all.
    ``note`` is told if the organ has fewer voxels than clicks.
    """
    array = sitk.GetArrayViewFromImage(mask) > 0
    if not array.any():
        return Annotation()
    # The order of the streams decides their numbers, so append new streams at the end.
    organ_draw, background_draw, sampling_draw, jitter_draw, slip_draw = np.random.default_rng(seed).spawn(5)
    clickable = array if slices is None else _on_axial_slices(array, mask, slices)
    if sampling == "surface":
        clickable = clickable & ~ndimage.binary_erosion(array)
    # An organ so small that its share holds fewer voxels is clicked as often as possible.
    candidates = max(round(candidate_share * np.count_nonzero(clickable)), number)
    voxels = _draw(clickable, candidates, organ_draw)
    clicks = to_world(voxels[_sample(voxels, number, sampling, mask, sampling_draw)], mask)
    if jitter:
        clicks = _jittered(clicks, jitter, mask, jitter_draw)
    if misplaced:
        clicks = _with_slips(clicks, misplaced, array, mask, slip_draw)
    outside = to_world(_draw(~array, background, background_draw), mask)
    if 0 < len(clicks) < number:
        place = "" if slices is None else f" on {slices} slices"
        note(f"only {len(clicks)} of {number} clicks, as the organ is small{place}")
    return Annotation([{"organ": clicks, "background": outside}])


def _on_axial_slices(array: NDArray[np.bool_], mask: sitk.Image, number: int) -> NDArray[np.bool_]:
    """Return ``array`` (z, y, x), set to False outside ``number`` axial slices."""
    axis, positions = long_axis(mask), axial_slices(mask, number)
    on_slices = np.zeros_like(array)
    np.moveaxis(on_slices, axis, 0)[positions] = np.moveaxis(array, axis, 0)[positions]
    return on_slices


def _draw(where: NDArray[np.bool_], number: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return up to ``number`` voxels (n, 3) of the boolean array ``where``, in the array's order."""
    present = int(np.count_nonzero(where))
    return voxels_of_rank(where, np.sort(generator.choice(present, min(number, present), replace=False, shuffle=False)))


def voxels_of_rank(where: NDArray[np.bool_], ranks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the voxels (n, 3) that are True in ``where`` (z, y, x), by their ``ranks`` (n,) in the array's order.

    They are sought slice by slice: the places of all voxels outside an organ would take eight times the mask's memory.
    """
    ends = np.cumsum([np.count_nonzero(plane) for plane in where])
    slices = np.searchsorted(ends, ranks, side="right")
    voxels = np.empty((len(ranks), 3), np.int64)
    for z in np.unique(slices):
        here = slices == z
        places = np.flatnonzero(where[z])[ranks[here] - ends[z]]  # Counted from the slice's last place.
        voxels[here] = np.column_stack([np.full(len(places), z), *np.unravel_index(places, where[z].shape)])
    return voxels


def _sample(
    voxels: NDArray[np.int64],
    number: int,
    sampling: Literal["farthest", "random", "surface"],
    mask: sitk.Image,
    generator: np.random.Generator,
) -> NDArray[np.int64]:
    """Return the indices (n,) of the clicked ones among the candidate ``voxels`` (m, 3)."""
    if sampling == "random":
        return generator.choice(len(voxels), min(number, len(voxels)), replace=False)
    # On an isotropic grid these coordinates are whole numbers, so ties are exact.
    spacing = np.array(mask.GetSpacing())[::-1]
    return farthest_point_sampling(voxels * (spacing / spacing.min()), number)


def _jittered(
    clicks: NDArray[np.float64], jitter: float, mask: sitk.Image, generator: np.random.Generator
) -> NDArray[np.float64]:
    voxels = to_voxels(clicks + generator.normal(0, jitter, clicks.shape), mask)
    return to_world(np.clip(voxels, 0, np.array(mask.GetSize())[::-1] - 1), mask)


def _with_slips(
    clicks: NDArray[np.float64],
    share: float,
    array: NDArray[np.bool_],
    mask: sitk.Image,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Return ``clicks`` (n, 3), LPS mm, with a ``share`` of them moved to voxels near the organ in ``array``."""
    organ = np.argwhere(array)
    reach = np.floor(SLIP_MM / np.array(mask.GetSpacing())[::-1]).astype(int)
    low = np.maximum(organ.min(axis=0) - reach, 0)
    high = np.minimum(organ.max(axis=0) + reach + 1, array.shape)
    box = tuple(slice(first, end) for first, end in zip(low, high, strict=True))
    outside = ~array[box]
    if not outside.any():
        return clicks
    slipped = generator.choice(len(clicks), round(share * len(clicks)), replace=False)
    # Slips are independent of each other, so two may hit the same voxel.
    ranks = generator.choice(np.count_nonzero(outside), len(slipped))
    clicks[slipped] = to_world(voxels_of_rank(outside, ranks) + low, mask)
    return clicks
