"""Qualitative panels: rows are the worst, a median and the best case, columns the methods."""

import numpy as np
import SimpleITK as sitk
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from weakseg3d.annotations.markups import read_markups
from weakseg3d.evaluation.long_table import LACKING, WITH_ORGAN
from weakseg3d.evaluation.reference_grid import HALF, map_on_reference_grid
from weakseg3d.images.volumes import read_image, read_mask
from weakseg3d.report.figures.overlays import PERCENTILES, Slice, contour_handles, draw_contours, slice_to_show, turned
from weakseg3d.report.figures.style import COLUMN_WIDTH
from weakseg3d.report.tables.main import is_control

ROWS = {"worst": 0.0, "median": 0.5, "best": 1.0}
"""Rows, and where their cases stand in the order of the mean Dice over methods."""

HIDDEN = ("truth", "empty")
"""Controls that are nothing to look at."""

WIDEST, PANELS = 2 * COLUMN_WIDTH, (0.6, 1.1)
"""Inches: width of the figure, two of a journal's columns, and the widths between which panels are chosen to fit it."""

GAP, LEFT, HEAD, FOOT = 0.04, 0.2, 0.2, 0.22
"""Inches: between panels, and room for the rows' names, the columns' names and the legend."""

AROUND = 0.45
"""How far a panel reaches beyond the organ, as a share of the organ's larger side."""

LETTER = 0.062
"""Width in inches of a letter of a method's name."""

NEAR = 5.0
"""Clicks within so many mm of the slice are drawn into it."""

CLICK_STYLES = {
    "organ": {"marker": "+", "color": "#ffffff"},
    "background": {"marker": "x", "color": "#e69f00"},
}


def chosen_cases(rows):
    """Return ``{row: case}`` of `ROWS` for the metrics of one organ: by the mean Dice over methods, controls aside.

    With fewer than three cases some rows are missing; only cases whose reference holds the organ are chosen.
    """
    dice = rows[(rows["metric"] == "dice") & rows["status"].isin(WITH_ORGAN)]
    methods = dice[~is_control(dice["method"])]
    means = (methods if len(methods) else dice).groupby("case")["value"].mean().sort_values(kind="stable")
    chosen = {}
    for name, share in ROWS.items():
        if len(means) and (case := means.index[round(share * (len(means) - 1))]) not in chosen.values():
            chosen[name] = case
    return chosen


def case_panels(rows, results, methods):
    """Return the figure of one organ; ``rows`` are its metrics, ``results`` a `Results`, ``methods`` the names shown.

    The first column is the image with the reference and the clicks near the slice, as far as the case was clicked; then
    one column per method with both contours and the case's Dice, first seed. All panels of a row are the same axial
    slice, the one with most reference, cut around the organ; the patient's right is on the left.
    """
    dataset, organ = rows["dataset"].iloc[0], rows["organ"].iloc[0]
    cases = chosen_cases(rows)
    cells = {
        cell["method"]: cell for cell in reversed(results.cells) if (cell["dataset"], cell["organ"]) == (dataset, organ)
    }
    methods = [method for method in methods if method in cells and method not in HIDDEN]
    lines = [_line(results, cells, methods, dataset, organ, case) for case in cases.values()]
    if not lines:
        figure = Figure(figsize=(3, 0.5))
        FigureCanvasAgg(figure)
        figure.text(0.5, 0.5, "no test case holds the organ", **_letters(8))
        return figure
    panel = np.clip((WIDEST - LEFT) / (len(methods) + 1) - GAP, *PANELS)
    heights = [panel * _extent(shown)[1] / _extent(shown)[0] for shown, _, _ in lines]
    width = LEFT + (panel + GAP) * (len(methods) + 1)
    total = HEAD + sum(heights) + GAP * len(heights) + FOOT
    figure = Figure(figsize=(width, total))
    FigureCanvasAgg(figure)
    top = total - HEAD
    dice = rows[(rows["metric"] == "dice") & (rows["status"] != LACKING)]
    dice = dice.drop_duplicates(["method", "case"]).set_index(["method", "case"])
    for (name, case), height, (shown, predictions, clicks) in zip(cases.items(), heights, lines, strict=True):
        figure.text(LEFT / 2 / width, (top - height / 2) / total, f"{name}: {case}", rotation=90, **_letters(6.5))
        for place, method in enumerate([None, *methods]):
            left = LEFT + place * (panel + GAP)
            axes = figure.add_axes((left / width, (top - height) / total, panel / width, height / total))
            _draw(axes, shown, shown.masks["reference"] * 0 if method is None else predictions[method])
            if method is None:
                _draw_clicks(axes, clicks)
            else:
                row = dice.loc[(method, case)] if (method, case) in dice.index else None
                _write_dice(axes, row)
        top -= height + GAP
    for place, name in enumerate(["reference", *methods]):
        across = (LEFT + place * (panel + GAP) + panel / 2) / width
        letters = int((panel + GAP) / LETTER)
        text = name if len(name) <= letters else name[: letters - 1] + "…"
        figure.text(across, 1 - HEAD / 2 / total, text, **_letters(7))
    figure.legend(
        handles=[*contour_handles(0.7), *_click_handles(lines)],
        loc="lower center",
        bbox_to_anchor=(0.5, 0),
        ncols=4,
        fontsize=7,
        frameon=False,
        borderpad=0.1,
    )
    return figure


def _letters(size):
    return {"fontsize": size, "ha": "center", "va": "center"}


def _line(results, cells, methods, dataset, organ, case):
    """Return a case's `Slice` (cut around the organ, without prediction), ``{method: mask}`` and its clicks."""
    reference = turned(read_mask(results.reference(dataset, organ, case)))
    mask = sitk.GetArrayFromImage(reference) != 0
    place = slice_to_show(mask, mask)
    plane = reference[:, :, place : place + 1]
    image = map_on_reference_grid(read_image(results.image(dataset, case)), plane)
    predictions = {method: _on_plane(results, cells[method], case, plane) for method in methods}
    grey = sitk.GetArrayFromImage(image)[0]
    spacing_x, spacing_y, _ = plane.GetSpacing()
    window = results.datasets[dataset]["window"] or np.percentile(grey, PERCENTILES)
    box = _box(mask[place], (spacing_y, spacing_x))
    shown = Slice(grey[box], tuple(window), {"reference": mask[place][box]}, spacing_y / spacing_x, place, "")
    predictions = {method: prediction[box] for method, prediction in predictions.items()}
    return shown, predictions, _clicks(results.clicks(dataset, organ, case), plane, box)


def _on_plane(results, cell, case, plane):
    """Return a prediction on a plane, (y, x); nothing where it is not there."""
    if not results.prediction(cell, case).is_file():
        return np.zeros(plane.GetSize()[1::-1], bool)
    mask = sitk.Cast(results.evaluated_prediction(cell, case), sitk.sitkFloat32)
    return sitk.GetArrayFromImage(map_on_reference_grid(mask, plane))[0] >= HALF


def _box(mask, spacing):
    """Return the slices of a square around a mask (y, x), `AROUND` wider than it and cut at the border."""
    if not mask.any():
        return slice(None), slice(None)
    ends = [np.flatnonzero(mask.any(axis=1 - axis))[[0, -1]] for axis in range(2)]
    sides = [(last - first + 1) * step for (first, last), step in zip(ends, spacing, strict=True)]
    half = max(sides) * (0.5 + AROUND)
    return tuple(
        slice(max(0, round((first + last) / 2 - half / step)), round((first + last) / 2 + half / step) + 1)
        for (first, last), step in zip(ends, spacing, strict=True)
    )


def _clicks(paths, plane, box):
    """Return ``{class: points (n, 2)}`` in voxels (x, y) of the box, of the first markups with clicks near a plane."""
    for path in paths:
        annotation, near = read_markups(path), {}
        for name in CLICK_STYLES:
            points = annotation.of(name)
            indices = np.array([plane.TransformPhysicalPointToContinuousIndex(point) for point in points.tolist()])
            if len(indices):
                close = np.abs(indices[:, 2]) * plane.GetSpacing()[2] <= max(NEAR, plane.GetSpacing()[2] / 2)
                near[name] = indices[close][:, :2] - (box[1].start or 0, box[0].start or 0)
        if any(map(len, near.values())):
            return near
    return {}


def _extent(shown):
    """Return the width and height of a slice in the same unit."""
    rows, columns = shown.grey.shape
    return columns, rows * shown.aspect


def _draw(axes, shown, prediction):
    low, high = shown.limits
    axes.imshow(shown.grey, cmap="gray", vmin=low, vmax=high, aspect="auto")
    draw_contours(axes, Slice(**(vars(shown) | {"masks": shown.masks | {"prediction": prediction}})), 0.6)
    axes.set(xlim=(-0.5, shown.grey.shape[1] - 0.5), ylim=(shown.grey.shape[0] - 0.5, -0.5))
    axes.set_axis_off()


def _draw_clicks(axes, clicks):
    for name, points in clicks.items():
        for colour, width in (("#000000", 1.8), (CLICK_STYLES[name]["color"], 0.8)):
            style = CLICK_STYLES[name] | {"color": colour}
            axes.plot(*points.T, linestyle="", markersize=4, markeredgewidth=width, **style)


def _click_handles(lines):
    drawn = [name for name in CLICK_STYLES if any(len(clicks.get(name, ())) for _, _, clicks in lines)]
    grey = {"organ": "#777777"}
    return [
        Line2D(
            [],
            [],
            linestyle="",
            markersize=5,
            label=f"click in {name}",
            **(CLICK_STYLES[name] | {"color": grey.get(name, CLICK_STYLES[name]["color"])}),
        )
        for name in drawn
    ]


def _write_dice(axes, row):
    text = (
        "not evaluated" if row is None else "missed" if row["status"] == "empty_prediction" else f"{row['value']:.2f}"
    )
    box = {"facecolor": "#000000", "alpha": 0.65, "linewidth": 0, "pad": 1.2}
    axes.text(0.03, 0.97, text, transform=axes.transAxes, color="white", fontsize=6.5, va="top", bbox=box)
