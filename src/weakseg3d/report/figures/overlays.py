"""One axial slice of one case, with the contours of the reference and of the prediction."""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from matplotlib import patheffects
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from weakseg3d.evaluation.compare import status_of

CONTOUR_STYLES = {
    "reference": {"color": "#56b4e9", "linewidth": 1.6, "linestyle": "solid"},
    "prediction": {"color": "#f0e442", "linewidth": 1.6, "linestyle": (0, (2.5, 1.5))},
}
"""Blue and yellow differ for readers with any kind of colour vision, solid and dashed lines also in greyscale."""

PERCENTILES = (1, 99)
"""Percentiles of the grey levels that become black and white if no window is given."""

WIDTH = 3.2
"""Width of the figure in inches."""


def overlay_figure(image, reference, prediction, title="", window=None):
    """Return the figure of one case, which shows the axial slice with the most reference voxels.

    ``image``, ``reference`` and ``prediction`` are SimpleITK volumes on one grid, the latter two binary masks;
    ``window`` is the lowest and highest grey level shown, by default the `PERCENTILES` of the slice. The
    volumes are turned to the patient's axes first (to the nearest ones, if they are oblique), and shown in
    radiological convention: the patient's right is on the left, anterior is up. Where the reference is empty, or None
    for a scan that nobody has outlined, the slice is the one with the most predicted voxels, or else the middle one.
    """
    shown = shown_slice(image, reference, prediction, window)
    rows, columns = shown.grey.shape
    height = WIDTH * rows * shown.aspect / columns

    figure = Figure(figsize=(WIDTH, min(height, 2 * WIDTH) + 0.75), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    draw_image(axes, shown)
    draw_contours(axes, shown)
    axes.set_title(f"{title}\n{shown.caption}" if title else shown.caption, fontsize=8)
    figure.legend(
        handles=contour_handles(shown.masks),
        loc="outside lower center",
        ncols=2,
        fontsize=8,
        frameon=False,
        handlelength=3,
    )
    return figure


@dataclass(frozen=True)
class Slice:
    """One axial slice of a case; rows run from anterior to posterior, columns from the patient's right to left."""

    grey: np.ndarray
    limits: tuple[float, float]
    """Grey levels that are black and white."""
    masks: dict[str, np.ndarray]
    """Reference, if there is one, and prediction, boolean, by their names in `CONTOUR_STYLES`."""
    aspect: float
    """Height of a pixel divided by its width."""
    place: int
    """Index of the slice in the volume turned to the patient's axes."""
    caption: str


def shown_slice(image, reference, prediction, window=None):
    """Return the `Slice` of one case that `overlay_figure` shows; see there for the arguments."""
    grey, predicted = turned_array(image), turned_array(prediction) != 0
    masks = {} if reference is None else {"reference": turned_array(reference) != 0}
    masks["prediction"] = predicted
    place = slice_to_show(*masks.values())
    spacing_x, spacing_y, spacing_z = turned(image).GetSpacing()
    if reference is None:
        found = f"{np.count_nonzero(predicted) * spacing_x * spacing_y * spacing_z / 1000:.0f} ml"
    else:
        found = dice_text(masks["reference"], predicted)
    return Slice(
        grey=grey[place],
        limits=tuple(window) if window is not None else tuple(np.percentile(grey[place], PERCENTILES)),
        masks={name: mask[place] for name, mask in masks.items()},
        aspect=spacing_y / spacing_x,
        place=place,
        caption=f"{found}, slice {place + 1} of {len(grey)}",
    )


def turned(volume):
    """Return a volume turned to the patient's axes, or to the nearest ones if it is oblique."""
    return sitk.DICOMOrient(volume, "LPS")


def turned_array(volume):
    """Return the array (z, y, x) of a volume turned to the patient's axes."""
    return sitk.GetArrayFromImage(turned(volume))


def slice_to_show(*masks):
    """Return the index of the first-axis slice with the most of the first mask that is not empty, else the middle."""
    for mask in masks:
        voxels = np.count_nonzero(mask, axis=(1, 2))
        if voxels.any():
            return int(voxels.argmax())
    return len(masks[0]) // 2


def dice_text(reference, prediction):
    """Return the Dice of two masks as text, or words if the organ was missed or is absent."""
    status = status_of(prediction.any(), reference.any())
    if status == "ok":
        overlap = np.count_nonzero(reference & prediction)
        return f"Dice {2 * overlap / (np.count_nonzero(reference) + np.count_nonzero(prediction)):.3f}"
    return {
        "empty_prediction": "Dice 0 (missed)",
        "absent_in_reference": "organ absent, prediction not empty",
        "absent_in_both": "organ absent",
    }[status]


def draw_image(axes, shown):
    """Draw the grey levels of a `Slice` and the letters of the patient's sides."""
    low, high = shown.limits
    axes.imshow(shown.grey, cmap="gray", vmin=low, vmax=high, aspect=shown.aspect)
    for letter, x, y in (("R", 0.02, 0.5), ("L", 0.98, 0.5), ("A", 0.5, 0.98)):
        _draw_letter(axes, letter, x, y)
    axes.set_axis_off()


def draw_contours(axes, shown, thickness=1.0):
    """Draw the contours of a `Slice`, the prediction's above the reference's; ``thickness`` scales their lines."""
    for name, mask in shown.masks.items():
        _draw_contour(axes, mask, CONTOUR_STYLES[name], thickness)


def contour_handles(names=tuple(CONTOUR_STYLES), thickness=1.0):
    """Return the entries of the contours with these ``names`` in a legend."""
    return [
        Line2D([], [], label=name, path_effects=_rim(thickness), **_scaled(CONTOUR_STYLES[name], thickness))
        for name in names
    ]


def _scaled(style, thickness):
    """Return a style of `CONTOUR_STYLES` with its line width scaled."""
    return style | {"linewidth": thickness * style["linewidth"]}


def _rim(thickness):
    """Return a dark rim that keeps lines visible on bright tissue."""
    return [patheffects.withStroke(linewidth=2.6 * thickness, foreground="#000000aa")]


def _draw_contour(axes, mask, style, thickness):
    """Draw the outline of ``mask`` (y, x), closed where the mask touches the border of the slice."""
    if not mask.any():
        return
    padded = np.pad(mask.astype(float), 1)
    y, x = (np.arange(-1, size + 1) for size in mask.shape)
    contours = axes.contour(
        x,
        y,
        padded,
        levels=[0.5],
        colors=style["color"],
        linewidths=thickness * style["linewidth"],
        linestyles=[style["linestyle"]],
    )
    contours.set_path_effects(_rim(thickness))


def _draw_letter(axes, letter, x, y):
    across = {"R": "left", "L": "right"}.get(letter, "center")
    upright = "top" if letter == "A" else "center"
    axes.text(
        x,
        y,
        letter,
        transform=axes.transAxes,
        ha=across,
        va=upright,
        color="white",
        fontsize=7,
        path_effects=[patheffects.withStroke(linewidth=1.5, foreground="black")],
    )
