"""One axial slice of one case: the image, the reference's contour and the prediction's."""

import numpy as np
import SimpleITK as sitk
from matplotlib import patheffects
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from weakseg3d.evaluation.metrics import status_of

STYLES = {
    "reference": {"color": "#56b4e9", "linewidth": 1.6, "linestyle": "solid"},
    "prediction": {"color": "#f0e442", "linewidth": 1.6, "linestyle": (0, (2.5, 1.5))},
}
"""Blue and yellow differ for every kind of colour vision, solid and dashed lines in greyscale as well."""

OUTLINE = [patheffects.withStroke(linewidth=2.6, foreground="#000000aa")]
"""A dark rim that keeps the lines visible on bright tissue."""

PERCENTILES = (1, 99)
"""Grey levels that become black and white when no window is given."""

WIDTH = 3.2
"""Width of the figure in inches."""


def overlay_figure(image, reference, prediction, title="", window=None):
    """Return the figure of one case, the slice being the axial one with most reference voxels.

    ``image``, ``reference`` and ``prediction`` are SimpleITK volumes on one grid, the latter two binary masks;
    ``window`` is the lowest and highest grey level shown, by default the `PERCENTILES` of the slice. The
    volumes are turned to the patient's axes first (to the nearest ones, when oblique), and shown in
    radiological convention: the patient's right is on the left, anterior is up. Without a reference the slice
    is the one with most prediction, or else the middle one.
    """
    oriented = [sitk.DICOMOrient(volume, "LPS") for volume in (image, reference, prediction)]
    grey, truth, guess = (sitk.GetArrayFromImage(volume) for volume in oriented)
    truth, guess = truth != 0, guess != 0
    place = slice_to_show(truth, guess)
    spacing_x, spacing_y, _ = oriented[0].GetSpacing()
    rows, columns = grey.shape[1:]
    height = WIDTH * rows * spacing_y / (columns * spacing_x)

    figure = Figure(figsize=(WIDTH, min(height, 2 * WIDTH) + 0.75), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    low, high = window if window is not None else np.percentile(grey[place], PERCENTILES)
    axes.imshow(grey[place], cmap="gray", vmin=low, vmax=high, aspect=spacing_y / spacing_x)
    for mask, name in ((truth, "reference"), (guess, "prediction")):
        _draw_contour(axes, mask[place], STYLES[name])
    for letter, x, y in (("R", 0.02, 0.5), ("L", 0.98, 0.5), ("A", 0.5, 0.98)):
        _draw_letter(axes, letter, x, y)
    axes.set_axis_off()
    caption = f"{dice_text(truth, guess)}, slice {place + 1} of {len(grey)}"
    axes.set_title(f"{title}\n{caption}" if title else caption, fontsize=8)
    handles = [Line2D([], [], label=name, path_effects=OUTLINE, **style) for name, style in STYLES.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=8, frameon=False, handlelength=3)
    return figure


def slice_to_show(reference, prediction):
    """Return the index of the first-axis slice with most reference, else most prediction, else the middle one."""
    for mask in (reference, prediction):
        voxels = np.count_nonzero(mask, axis=(1, 2))
        if voxels.any():
            return int(voxels.argmax())
    return len(reference) // 2


def dice_text(reference, prediction):
    """Return the case's Dice as words; they say so when the organ was missed or is absent."""
    status = status_of(prediction.any(), reference.any())
    if status == "ok":
        overlap = np.count_nonzero(reference & prediction)
        return f"Dice {2 * overlap / (np.count_nonzero(reference) + np.count_nonzero(prediction)):.3f}"
    return {
        "empty_prediction": "Dice 0 (missed)",
        "absent_in_reference": "organ absent, prediction not empty",
        "absent_in_both": "organ absent",
    }[status]


def _draw_contour(axes, mask, style):
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
        linewidths=style["linewidth"],
        linestyles=[style["linestyle"]],
    )
    contours.set_path_effects(OUTLINE)


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
