"""Qualitative panels: the worst, a median and the best case as rows, the methods as columns."""

from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk
from matplotlib.lines import Line2D

from weakseg3d.annotations.markups import read_markups
from weakseg3d.evaluation.long_table import LACKING, WITH_ORGAN
from weakseg3d.evaluation.reference_grid import HALF
from weakseg3d.images.resampling import map_on_reference_grid
from weakseg3d.images.volumes import read_image, read_mask
from weakseg3d.report.figures.overlays import PERCENTILES, Slice, contour_handles, draw_contours, slice_to_show, turned
from weakseg3d.report.style import PAGE_WIDTH, new_figure
from weakseg3d.report.tables.method_facts import is_control

RANKS = {"worst": 0.0, "median": 0.5, "best": 1.0}
"""Names of the rows, and where their cases stand in the order of the mean Dice over methods."""

HIDDEN = ("truth", "empty")
"""Controls that would show nothing of interest."""

PANEL_WIDTHS = (0.6, 1.1)
"""Inches: limits of the width of a panel, which is chosen so that the figure fits two columns of a journal."""

GAP, LEFT, HEAD, FOOT = 0.04, 0.2, 0.2, 0.22
"""Inches: gap between panels, and room for the names of the rows, the names of the columns and the legend."""

AROUND = 0.45
"""How far a panel reaches beyond the organ, as a share of the longer side of the organ."""

LETTER_WIDTH = 0.062
"""Width in inches of a letter in a method's name."""

NEAR = 5.0
"""Clicks within this many mm of the slice are drawn."""

CLICK_STYLES = {
    "organ": {"marker": "+", "color": "#ffffff"},
    "background": {"marker": "x", "color": "#e69f00"},
}
"""Markers of clicks; in the legend, which is white, those in the organ are grey."""

CONTOUR_THICKNESS = 0.6


@dataclass(frozen=True)
class Row:
    """The contents of the panels of one case of one organ."""

    name: str
    """The case and its rank."""
    reference: Slice
    """The slice with the contour of the reference, cut around the organ."""
    predictions: dict[str, np.ndarray]
    """Masks (y, x) of the same slice by method, boolean."""
    dice: dict[str, str]
    """The Dice of each method as text."""
    clicks: dict[str, np.ndarray]
    """Points (n, 2) in voxels (x, y) of the slice by class, those near the slice."""

    def height(self, width):
        """Return the height of a panel of this width."""
        rows, columns = self.reference.grey.shape
        return width * (rows * self.reference.aspect) / columns


def ranked_cases(rows):
    """Return ``{rank: case}`` for `RANKS` and the metrics of one organ, by the mean Dice over methods without controls.

    With fewer than three cases some ranks are missing; only cases whose reference contains the organ are included.
    """
    dice = rows[(rows["metric"] == "dice") & rows["status"].isin(WITH_ORGAN)]
    methods = dice[~is_control(dice["method"])]
    means = (methods if len(methods) else dice).groupby("case")["value"].mean().sort_values(kind="stable")
    cases = {}
    for rank, share in RANKS.items():
        if len(means) and (case := means.index[round(share * (len(means) - 1))]) not in cases.values():
            cases[rank] = case
    return cases


def case_panels(rows, results, methods):
    """Return the panels of one organ as a figure.

    ``rows`` are its metrics, ``results`` is a `Results`, ``methods`` are the names shown. The first column shows the
    image with the reference and, if the case was annotated with clicks, those near the slice. Each method has a column
    with both contours and the Dice of the case, of the first seed. All panels of a row show the same axial slice, the
    one with the most reference, cut around the organ; the patient's right is on the left.
    """
    organ = rows["dataset"].iloc[0], rows["organ"].iloc[0]
    # The first cell of each method is that of its first seed.
    cells = {cell["method"]: cell for cell in reversed(results.cells_of(dataset=organ[0], organ=organ[1]))}
    cells = {method: cells[method] for method in methods if method in cells and method not in HIDDEN}
    figure_rows = [_row(results, rows, cells, rank, case) for rank, case in ranked_cases(rows).items()]
    return _figure(figure_rows, list(cells)) if figure_rows else _empty_figure()


def _row(results, rows, cells, rank, case):
    """Return the `Row` of a case; ``rows`` are the metrics of the organ, ``cells`` those of the methods shown."""
    dataset, organ = rows["dataset"].iloc[0], rows["organ"].iloc[0]
    reference = turned(read_mask(results.reference(dataset, organ, case)))
    mask = sitk.GetArrayFromImage(reference) != 0
    place = slice_to_show(mask)
    plane = reference[:, :, place : place + 1]
    grey = sitk.GetArrayFromImage(map_on_reference_grid(read_image(results.image(dataset, case)), plane))[0]
    spacing_x, spacing_y, _ = plane.GetSpacing()
    box = _box(mask[place], (spacing_y, spacing_x))
    shown = Slice(
        grey=grey[box],
        limits=tuple(results.datasets[dataset]["window"] or np.percentile(grey, PERCENTILES)),
        masks={"reference": mask[place][box]},
        aspect=spacing_y / spacing_x,
        place=place,
        caption="",
    )
    return Row(
        name=f"{rank}: {case}",
        reference=shown,
        predictions={method: _on_plane(results, cell, case, plane)[box] for method, cell in cells.items()},
        dice=_dice_texts(rows, case),
        clicks=_clicks(results.clicks(dataset, organ, case), plane, box),
    )


def _on_plane(results, cell, case, plane):
    """Return a prediction on a plane as a boolean array (y, x), which is empty if there is no prediction."""
    if not results.prediction(cell, case).is_file():
        return np.zeros(plane.GetSize()[1::-1], bool)
    mask = sitk.Cast(results.evaluated_prediction(cell, case), sitk.sitkFloat32)
    return sitk.GetArrayFromImage(map_on_reference_grid(mask, plane))[0] >= HALF


def _box(mask, spacing):
    """Return the slices of a square around a mask (y, x), wider than it by `AROUND` and cut at the border."""
    if not mask.any():
        return slice(None), slice(None)
    ends = [np.flatnonzero(mask.any(axis=1 - axis))[[0, -1]] for axis in range(2)]
    sides = [(last - first + 1) * step for (first, last), step in zip(ends, spacing, strict=True)]
    half = max(sides) * (0.5 + AROUND)
    return tuple(
        slice(max(0, round((first + last) / 2 - half / step)), round((first + last) / 2 + half / step) + 1)
        for (first, last), step in zip(ends, spacing, strict=True)
    )


def _dice_texts(rows, case):
    """Return the Dice of a case by every method that was evaluated, first seed, as text."""
    dice = rows[(rows["metric"] == "dice") & (rows["status"] != LACKING) & (rows["case"] == case)]
    return {
        row["method"]: "missed" if row["status"] == "empty_prediction" else f"{row['value']:.2f}"
        for row in dice.drop_duplicates("method").to_dict("records")
    }


def _clicks(paths, plane, box):
    """Return ``{class: points (n, 2)}`` in voxels (x, y) of ``box`` from the first markups with clicks near a plane."""
    for path in paths:
        annotation, near = read_markups(path), {}
        for name in CLICK_STYLES:
            points = annotation.points_of(name)
            indices = np.array([plane.TransformPhysicalPointToContinuousIndex(point) for point in points.tolist()])
            if len(indices):
                close = np.abs(indices[:, 2]) * plane.GetSpacing()[2] <= max(NEAR, plane.GetSpacing()[2] / 2)
                near[name] = indices[close][:, :2] - (box[1].start or 0, box[0].start or 0)
        if any(map(len, near.values())):
            return near
    return {}


def _figure(rows, methods):
    """Return the figure with these rows, and a column for the reference and for each of ``methods``."""
    columns = len(methods) + 1
    panel = np.clip((PAGE_WIDTH - LEFT) / columns - GAP, *PANEL_WIDTHS)
    heights = [row.height(panel) for row in rows]
    width = LEFT + (panel + GAP) * columns
    total = HEAD + sum(heights) + GAP * len(heights) + FOOT
    figure = new_figure(width, total, layout=None)
    lefts = [LEFT + place * (panel + GAP) for place in range(columns)]
    top = total - HEAD
    for row, height in zip(rows, heights, strict=True):
        figure.text(LEFT / 2 / width, (top - height / 2) / total, row.name, rotation=90, **_centred(6.5))
        for left, method in zip(lefts, [None, *methods], strict=True):
            axes = figure.add_axes((left / width, (top - height) / total, panel / width, height / total))
            if method is None:
                _draw_slice(axes, row, np.zeros_like(row.reference.masks["reference"]))
                _draw_clicks(axes, row.clicks)
            else:
                _draw_slice(axes, row, row.predictions[method])
                _write_dice(axes, row.dice.get(method, "not evaluated"))
        top -= height + GAP
    letters = int((panel + GAP) / LETTER_WIDTH)
    for left, name in zip(lefts, ["reference", *methods], strict=True):
        text = name if len(name) <= letters else name[: letters - 1] + "…"
        figure.text((left + panel / 2) / width, 1 - HEAD / 2 / total, text, **_centred(7))
    figure.legend(
        handles=[*contour_handles(thickness=0.7), *_click_handles(rows)],
        loc="lower center",
        bbox_to_anchor=(0.5, 0),
        ncols=4,
        fontsize=7,
        frameon=False,
        borderpad=0.1,
    )
    return figure


def _empty_figure():
    """Return a figure that says that there is no case to show."""
    figure = new_figure(3, 0.5, layout=None)
    figure.text(0.5, 0.5, "no test case contains the organ", **_centred(8))
    return figure


def _centred(size):
    return {"fontsize": size, "ha": "center", "va": "center"}


def _draw_slice(axes, row, prediction):
    """Draw the slice of a row with the contours of the reference and of ``prediction``, a mask (y, x)."""
    shown = replace(row.reference, masks=row.reference.masks | {"prediction": prediction})
    low, high = shown.limits
    axes.imshow(shown.grey, cmap="gray", vmin=low, vmax=high, aspect="auto")
    draw_contours(axes, shown, CONTOUR_THICKNESS)
    axes.set(xlim=(-0.5, shown.grey.shape[1] - 0.5), ylim=(shown.grey.shape[0] - 0.5, -0.5))
    axes.set_axis_off()


def _draw_clicks(axes, clicks):
    for name, points in clicks.items():
        for colour, width in (("#000000", 1.8), (CLICK_STYLES[name]["color"], 0.8)):
            style = CLICK_STYLES[name] | {"color": colour}
            axes.plot(*points.T, linestyle="", markersize=4, markeredgewidth=width, **style)


def _click_handles(rows):
    """Return the entries in the legend for the classes that have clicks in any row."""
    drawn = [name for name in CLICK_STYLES if any(len(row.clicks.get(name, ())) for row in rows)]
    styles = CLICK_STYLES | {"organ": CLICK_STYLES["organ"] | {"color": "#777777"}}
    return [Line2D([], [], linestyle="", markersize=5, label=f"click in {name}", **styles[name]) for name in drawn]


def _write_dice(axes, text):
    box = {"facecolor": "#000000", "alpha": 0.65, "linewidth": 0, "pad": 1.2}
    axes.text(0.03, 0.97, text, transform=axes.transAxes, color="white", fontsize=6.5, va="top", bbox=box)
