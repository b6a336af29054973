"""Clicks spread over an organ by farthest point sampling, and clicks on the background."""

import numpy as np
import SimpleITK as sitk

from weakseg3d.annotations.markups import Annotation
from weakseg3d.annotations.world import to_world


def farthest_point_sampling(candidates, number):
    """Return the indices (``number``,) of candidates chosen one after the other, each farthest from the chosen.

    ``candidates`` is (n, 3). The first is the candidate farthest from the barycentre; ties go to the first
    candidate. With fewer candidates than ``number`` all are chosen. PW4MedSeg, arXiv 2403.02566.
    """
    columns = np.ascontiguousarray(np.asarray(candidates, float).T)
    number = min(number, columns.shape[1])
    chosen = np.zeros(number, np.int64)
    if not number:
        return chosen
    chosen[0] = _squared_distance(columns, columns.mean(axis=1)).argmax()
    nearest = np.full(columns.shape[1], np.inf)
    for k in range(1, number):
        np.minimum(nearest, _squared_distance(columns, columns[:, chosen[k - 1]]), out=nearest)
        chosen[k] = nearest.argmax()
    return chosen


def annotate_points(mask, number=200, candidate_share=0.5, background=0, seed=0):
    """Return clicks on the organ in ``mask``, and ``background`` clicks spread at random outside it.

    A random share of the organ's voxels are the candidates of farthest point sampling, in mm. The organ's
    clicks do not depend on ``background``. An empty mask gives no clicks at all.
    """
    array = sitk.GetArrayViewFromImage(mask) > 0
    if not array.any():
        return Annotation()
    organ_draw, background_draw = np.random.default_rng(seed).spawn(2)
    organ = _draw(np.flatnonzero(array), max(1, round(candidate_share * np.count_nonzero(array))), organ_draw)
    voxels = np.column_stack(np.unravel_index(organ, array.shape))
    # On an isotropic grid these are whole numbers, so that ties are exact.
    spacing = np.array(mask.GetSpacing())[::-1]
    clicks = voxels[farthest_point_sampling(voxels * (spacing / spacing.min()), number)]
    outside = _draw(np.flatnonzero(~array), background, background_draw)
    outside = np.column_stack(np.unravel_index(outside, array.shape))
    return Annotation({"organ": to_world(clicks, mask), "background": to_world(outside, mask)})


def _draw(flat_indices, number, generator):
    number = min(number, len(flat_indices))
    return np.sort(generator.choice(flat_indices, number, replace=False, shuffle=False))


def _squared_distance(columns, point):
    dz, dy, dx = columns - point[:, None]
    return dz * dz + dy * dy + dx * dx
