"""A soft label from scribbles inside the organ weighed against scribbles outside it."""

from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.special import expit

from weakseg3d.annotations.notes import silent
from weakseg3d.errors import UserError
from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.distance_to_curves import fewest_slices, squared_distances
from weakseg3d.pseudo_labels.grid_limits import note_narrow_width
from weakseg3d.registry.parameters import MadeOf, Parameter, SoftLabel


def scribbles_gaussian(
    labels: NDArray[np.uint8],
    grid: sitk.Image,
    sigma: Annotated[float, Parameter("Standard deviation in mm.", above=0)] = 10.0,
    note: Callable[[str], None] = silent,
) -> Annotated[SoftLabel, MadeOf(("scribbles",))]:
    """Return the Gaussian of the inner curves weighed against the Gaussian of the outer curves.

    The label is (z, y, x), as `scribbles_label` describes it.
    """
    note_narrow_width(sigma, grid.GetSpacing(), note)
    return scribbles_label(labels, grid.GetSpacing()[::-1], sigma)


def scribbles_label(
    labels: NDArray[np.uint8], spacing: Sequence[float] | NDArray[np.float64], sigma: float = 10.0
) -> NDArray[np.float32]:
    """Return a soft label (z, y, x) in [0, 1]: the Gaussian of the inner curves relative to that of the outer curves.

    ``labels`` (z, y, x) is 1 on curves inside the organ, 0 on curves outside and 2 elsewhere. ``spacing`` (z, y, x)
    and ``sigma`` are in mm. With u = exp(-d^2 / (2 sigma^2)), where d is the distance in space to the nearest voxel of
    a curve, the label is u_in / (u_in + u_out). This equals the sigmoid of (d_out^2 - d_in^2) / (2 sigma^2), so 0 / 0
    cannot occur. The curves keep their values 0 and 1. If there are no inner curves, the label is zero everywhere.
    Raises UserError for inner curves without any outer curve.
    """
    if not (labels == 1).any():
        return np.zeros(labels.shape, np.float32)
    if not (labels == 0).any():
        raise UserError("no curve outside the organ (value 0) to weigh the inner ones against; draw one around it")
    axis = fewest_slices(labels != IGNORE)
    # Slice by slice, as masks and distances of the whole volume would take several times the label's memory.
    slices, across = np.moveaxis(labels, axis, 0), (spacing[axis], *np.delete(spacing, axis))
    soft = np.empty(labels.shape, np.float32)
    for values, drawn, to_outside, to_inside in zip(
        *(np.moveaxis(soft, axis, 0), slices),
        *(squared_distances(slices, curves, across) for curves in (0, 1)),
        strict=True,
    ):
        values[:] = expit((to_outside - to_inside) / (2 * sigma**2))
        values[drawn == 0], values[drawn == 1] = 0, 1
    return soft
