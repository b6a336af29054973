"""The lesions of a prediction and of its reference, matched one to one.

A mask says which voxels are lesion, not which lesion they belong to, so its lesions are its connected components. Two
lesions are the same one if they overlap enough; each lesion of the prediction finds at most one of the reference and
the other way round. In the terms of Metrics Reloaded (Maier-Hein et al. 2024, doi:10.1038/s41592-023-02151-z), the
localisation criterion is the mask IoU and the assignment strategy is optimal (Hungarian) matching.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAST_IOU = 0.1
"""Lesions match if their IoU is above this. Metrics Reloaded leaves the value to the question asked: here whether a
lesion was found, while how well it was outlined is for Dice to say. The shift of a surface by one voxel takes most of
the IoU of a lesion a few voxels wide, which 0.5 would count as missed and false at once. Medical object detection in
3D uses 0.1 for the same reason (nnDetection, Baumgartner et al. 2021, doi:10.1007/978-3-030-87240-3_51)."""

NEIGHBOURS = 26
"""Voxels that share a face, an edge or a corner belong to the same lesion, as for the annotator that clicks into
several targets. With faces alone, a thin oblique lesion would fall into pieces, each of which counts as much as a
whole lesion."""

TIE = 1e-9
"""What a pair is worth beside its IoU: of equally good matchings, the one with more pairs is taken."""

CRITERION = (
    f"lesions are connected components ({NEIGHBOURS} neighbours), matched one to one with the largest sum of IoU among"
    f" pairs of IoU > {LEAST_IOU:g}"
)
"""The definition of a lesion and of a match in one clause, for readers of tables."""


@dataclass(frozen=True)
class Lesions:
    """The numbers of lesions of both masks, and the Dice of each pair that matches."""

    prediction: int
    reference: int
    matched_dice: NDArray[np.float64]
    """Dice of the matched pairs (n,), each of a lesion of the prediction with one of the reference."""

    @property
    def detected(self) -> int:
        """The number of lesions of the reference that were found: true positives."""
        return len(self.matched_dice)

    @property
    def missed(self) -> int:
        """The number of lesions of the reference without a match: false negatives."""
        return self.reference - self.detected

    @property
    def false(self) -> int:
        """The number of lesions of the prediction without a match: false positives."""
        return self.prediction - self.detected


def matched_lesions(prediction: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Lesions:
    """Return the lesions of two masks (z, y, x) of the same shape, either of which may be empty."""
    both = prediction & reference
    predicted, predicted_sizes = _components(prediction, both)
    present, present_sizes = _components(reference, both)
    pairs, overlaps = np.unique(predicted * len(present_sizes) + present, return_counts=True)
    row, column = np.divmod(pairs, len(present_sizes))
    sizes = predicted_sizes[row] + present_sizes[column]
    iou = overlaps / (sizes - overlaps)
    close = np.flatnonzero(iou > LEAST_IOU)
    chosen = close[_assignment(row[close], column[close], iou[close])]
    return Lesions(len(predicted_sizes), len(present_sizes), 2 * overlaps[chosen] / sizes[chosen])


def _components(mask: NDArray[np.bool_], where: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the component, from 0 on, of each voxel of ``where`` (a part of ``mask``), and the sizes in voxels."""
    import SimpleITK as sitk  # imported here because it is slow to load; its labels take half the time of SciPy's

    image = sitk.ConnectedComponent(sitk.GetImageFromArray(mask.view(np.uint8)), True)
    labels = sitk.GetArrayViewFromImage(image)
    return labels[where].astype(np.int64) - 1, np.bincount(labels[mask])[1:]


def _assignment(rows: NDArray[np.int64], columns: NDArray[np.int64], iou: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the indices of the pairs ``(rows, columns)`` (n,) that give the largest sum of ``iou``, one to one."""
    from scipy.optimize import linear_sum_assignment  # imported here because SciPy is slow to load

    # Nearly all pairs are without a rival and need no optimisation, whose matrix would not fit for a noisy prediction.
    contested = (np.bincount(rows)[rows] > 1) | (np.bincount(columns)[columns] > 1)
    rivals = np.flatnonzero(contested)
    _, row = np.unique(rows[rivals], return_inverse=True)
    _, column = np.unique(columns[rivals], return_inverse=True)
    worth = np.zeros((row.max(initial=-1) + 1, column.max(initial=-1) + 1))
    index = np.full(worth.shape, -1)
    worth[row, column] = iou[rivals] + TIE
    index[row, column] = rivals
    winners = index[linear_sum_assignment(worth, maximize=True)]
    return np.sort(np.concatenate([np.flatnonzero(~contested), winners[winners >= 0]]))
