"""Clicks spread over an organ, as steady or as imperfect as a person's, and clicks on the background."""

import numpy as np
import SimpleITK as sitk

from weakseg3d.annotations.farthest_points import farthest_point_sampling
from weakseg3d.annotations.markups import Annotation
from weakseg3d.annotations.slices import axial_slices
from weakseg3d.annotations.world import to_voxels, to_world

SLIP_MM = 20.0
"""A misplaced click is a slip of the hand: it lands at most this far outside the organ's bounding box."""


def annotate_points(
    mask,
    number=200,
    candidate_share=0.5,
    background=0,
    seed=0,
    *,
    sampling="farthest",
    slices=None,
    jitter=0.0,
    misplaced=0.0,
):
    """Return clicks on the organ in ``mask``, and ``background`` clicks spread at random outside it.

    A random share of the organ's voxels are the candidates, of all slices or of ``slices`` axial ones chosen as
    in `annotate_slices`; more than the share, up to all voxels, where it holds fewer than ``number``. Of these,
    ``number`` are clicked: by farthest point sampling in mm, or at ``random``.
    Then every click on the organ moves by a Gaussian of standard deviation ``jitter`` mm on each world axis, but
    not out of the image, and the share ``misplaced`` of them is replaced by voxels outside the organ, at most
    `SLIP_MM` from its bounding box; where there are no such voxels the clicks stay.

    Every step has its own random stream: the organ's clicks do not depend on ``background``, and the candidates
    not on how they are clicked. An empty mask gives no clicks at all.
    """
    array = sitk.GetArrayViewFromImage(mask) > 0
    if not array.any():
        return Annotation()
    # A stream's place decides its numbers, so new streams go to the end.
    organ_draw, background_draw, sampling_draw, jitter_draw, slip_draw = np.random.default_rng(seed).spawn(5)
    clickable = array if slices is None else _on_axial_slices(array, mask, slices)
    # An organ smaller than its share of candidates should be is clicked as often as it can be.
    candidates = max(round(candidate_share * np.count_nonzero(clickable)), number)
    voxels = _draw(clickable, candidates, organ_draw)
    clicks = to_world(voxels[_sample(voxels, number, sampling, mask, sampling_draw)], mask)
    if jitter:
        clicks = _jittered(clicks, jitter, mask, jitter_draw)
    if misplaced:
        clicks = _with_slips(clicks, misplaced, array, mask, slip_draw)
    outside = to_world(_draw(~array, background, background_draw), mask)
    return Annotation([{"organ": clicks, "background": outside}])


def _on_axial_slices(array, mask, number):
    chosen = axial_slices(mask, number)
    kept = np.zeros_like(array)
    kept[chosen] = array[chosen]
    return kept


def _draw(where, number, generator):
    """Return up to ``number`` voxels (n, 3) of the boolean array ``where``, in the array's order."""
    flat_indices = np.flatnonzero(where)
    number = min(number, len(flat_indices))
    drawn = np.sort(generator.choice(flat_indices, number, replace=False, shuffle=False))
    return np.column_stack(np.unravel_index(drawn, where.shape))


def _sample(voxels, number, sampling, mask, generator):
    if sampling == "random":
        return generator.choice(len(voxels), min(number, len(voxels)), replace=False)
    # On an isotropic grid these are whole numbers, so that ties are exact.
    spacing = np.array(mask.GetSpacing())[::-1]
    return farthest_point_sampling(voxels * (spacing / spacing.min()), number)


def _jittered(clicks, jitter, mask, generator):
    voxels = to_voxels(clicks + generator.normal(0, jitter, clicks.shape), mask)
    return to_world(np.clip(voxels, 0, np.array(mask.GetSize())[::-1] - 1), mask)


def _with_slips(clicks, share, array, mask, generator):
    organ = np.argwhere(array)
    reach = np.floor(SLIP_MM / np.array(mask.GetSpacing())[::-1]).astype(int)
    low = np.maximum(organ.min(axis=0) - reach, 0)
    high = np.minimum(organ.max(axis=0) + reach + 1, array.shape)
    box = tuple(slice(first, end) for first, end in zip(low, high, strict=True))
    outside = np.argwhere(~array[box]) + low
    if not len(outside):
        return clicks
    slipped = generator.choice(len(clicks), round(share * len(clicks)), replace=False)
    # Slips are independent of each other, so two may hit the same voxel.
    clicks[slipped] = to_world(generator.choice(outside, len(slipped)), mask)
    return clicks
