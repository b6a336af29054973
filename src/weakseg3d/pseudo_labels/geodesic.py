"""PA-Seg's expansion: voxels within a small geodesic distance of the target's click become foreground."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.geodesic_distance import distance_from
from weakseg3d.pseudo_labels.merging import merged
from weakseg3d.pseudo_labels.seven_points import check_seven_points
from weakseg3d.pseudo_labels.targets import Target, nearest_voxels, spanned_voxels
from weakseg3d.registry.parameters import MadeOf, Parameter, SparseLabel


def geodesic(
    targets: Sequence[Target],
    image: sitk.Image,
    weight: Annotated[
        float, Parameter("Weight of intensity differences against path length.", at_least=0, at_most=1)
    ] = 0.5,
    threshold: Annotated[
        float, Parameter("Limit of the distance as a share of the largest distance.", above=0, at_most=1)
    ] = 0.2,
    margin: Annotated[
        float,
        Parameter(
            "Distance in mm by which the box is widened if there are clicks on the organ only.",
            at_least=0,
            implied=True,
        ),
    ] = 0.0,
    intensities: Annotated[
        Literal["raw", "scaled"],
        Parameter(
            "Intensities as they are, or in units of their 1st to 99th percentile range, which gives contrast more"
            " influence.",
            implied=True,
        ),
    ] = "raw",
    minimum: Annotated[
        Literal["anything", "background"],
        Parameter("What voxels with the image's lowest value may be.", implied=True),
    ] = "anything",
) -> Annotated[SparseLabel, MadeOf(("seven-points", "points"))]:
    """Return the voxels within a geodesic distance of the organ's clicks; the rest of their bounding box is unknown.

    The label is (z, y, x), as `geodesic_label` describes it. Raises UserError for points that span no box, and for an
    image of a single value.
    """
    check_seven_points(targets, image)
    voxels = sitk.GetArrayViewFromImage(image)
    lowest = voxels.min()
    if lowest == voxels.max():
        raise UserError(f"the image is constant ({lowest:g}) and cannot guide the expansion; pass the annotated image")
    unit = 1.0
    if intensities == "scaled":
        low, high = np.percentile(voxels, (1, 99))
        unit = high - low if high > low else unit
    return geodesic_label(voxels, targets, image.GetSpacing()[::-1], weight, threshold, margin, minimum, unit)


def geodesic_label(
    image: NDArray[Any],
    targets: Sequence[Target],
    spacing: Sequence[float] | NDArray[np.float64],
    weight: float = 0.5,
    threshold: float = 0.2,
    margin: float = 0.0,
    minimum: Literal["anything", "background"] = "anything",
    unit: float = 1.0,
) -> NDArray[np.uint8]:
    """Return the expanded label (z, y, x): 1 near the clicks on the organ, 2 unknown, 0 outside the boxes.

    Every target is expanded within the box spanned by its points or, without background points, within the box of its
    clicks on the organ widened by ``margin`` mm. Voxels are foreground where the distance is below ``threshold``
    times the largest distance in the box. The targets are then `merged`. If ``minimum`` is "background", voxels at the
    lowest value of the ``image`` (z, y, x) become background, as PA-Seg does for BraTS. Differences of intensity count
    in units of ``unit``. Without targets, the label is all background. Raises UserError for a target without background
    points if ``margin`` is 0.
    """
    expanded = (_expanded(image, target, spacing, weight, threshold, margin, unit) for target in targets)
    label = merged(expanded, image.shape)
    if minimum == "background":
        label[image == image.min()] = 0
    return label


def _expanded(
    image: NDArray[Any],
    target: Target,
    spacing: Sequence[float] | NDArray[np.float64],
    weight: float,
    threshold: float,
    margin: float,
    unit: float,
) -> NDArray[np.uint8]:
    """Return the label (z, y, x) of a single target; the parameters are those of `geodesic_label`."""
    if not len(target.background) and margin <= 0:
        raise UserError(
            "no background points around the organ, so the expansion has no box; give a --margin above 0 mm, or"
            " annotate with seven-points"
        )
    points = np.concatenate([target.organ, target.background])
    widening = 0.0 if len(target.background) else margin / np.array(spacing)
    low, high = spanned_voxels(points, image.shape, widening)
    box = tuple(slice(first, last + 1) for first, last in zip(low, high, strict=True))
    seeds = np.zeros(image[box].shape, bool)
    seeds[nearest_voxels(target.organ - low, seeds.shape)] = True
    distance = distance_from(image[box] / unit, seeds, spacing, weight)
    label = np.zeros(image.shape, np.uint8)
    # In a box of one voxel all distances are 0, but the voxel has been clicked.
    label[box] = np.where(seeds | (distance < threshold * distance.max()), 1, IGNORE)
    return label
