"""Heatmaps of Dice over two factors, one for every combination of the further ones."""

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from weakseg3d.report.study.panels import (
    PAGE_WIDTH,
    panel_grid,
    panel_title,
    split_references,
    style_context,
)
from weakseg3d.report.study.table import ORGAN, factors, study_table
from weakseg3d.report.tables.main import DECIMALS

COLOURS = matplotlib.colormaps["viridis"]

CELL_HEIGHT = 0.33
CELL_WIDTHS = 0.62, 0.9
"""Size of a cell in inches; its width depends on the columns' labels, up to a limit."""

LETTER = 0.065
"""Width in inches of a letter in a column's label."""

LABEL_WIDTH = 1.6
"""Room in inches for the rows' labels on the left and the colour bar on the right."""

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""How bright red, green and blue look."""


def heatmaps(rows):
    """Return a figure of mean Dice, with the sample standard deviation below it, and each organ's best outlined.

    The factor with most levels gives the rows, the next one the columns; panels stand for organ, method and
    the levels of further factors. Every organ has its own colour scale.
    """
    levels = factors(rows)
    down, right, *_ = sorted(levels, key=lambda name: -len(levels[name]))
    names = ["method", *(name for name in levels if name not in (down, right))]
    variants, _ = split_references(study_table(rows), levels)
    grid = levels[down], levels[right]
    widest = LETTER * max(map(len, levels[right]))
    size = min(max(widest, CELL_WIDTHS[0]), CELL_WIDTHS[1]) * len(grid[1]) + 0.1, CELL_HEIGHT * len(grid[0]) + 0.45
    columns = max(1, int((PAGE_WIDTH - LABEL_WIDTH) / size[0]))
    with style_context():
        figure, panels = panel_grid(variants, names, columns, size, (LABEL_WIDTH, 0.6), right, down)
        for organ, means in variants.groupby(ORGAN, sort=False)["dice_mean"]:
            here = [(axis, part) for axis, panel_organ, part in panels if panel_organ == organ]
            limits = (means.min(), means.max()) if means.notna().any() else (0, 1)
            colours = ScalarMappable(Normalize(*limits), COLOURS)
            best = means.round(DECIMALS["dice"]).max()
            for axis, part in here:
                _set_scales(axis, *grid, slanted=widest > CELL_WIDTHS[1])
                _draw_cells(axis, part, down, right, grid, colours)
                _outline(axis, part[part["dice_mean"].round(DECIMALS["dice"]) == best], down, right, grid)
                axis.set_title(panel_title(organ, part, names))
                axis.tick_params(length=0)
            bar = figure.colorbar(colours, ax=[axis for axis, _ in here], label="Dice", aspect=25, pad=0.02)
            bar.outline.set_visible(False)
    return figure


def _set_scales(axis, rows, columns, slanted):
    """Set scales and labels; the first row is on top."""
    slant = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    axis.set_xticks(range(len(columns)), labels=columns, **slant)
    axis.set_yticks(range(len(rows)), labels=rows)
    axis.set_xlim(-0.5, len(columns) - 0.5)
    axis.set_ylim(len(rows) - 0.5, -0.5)


def _draw_cells(axis, part, down, right, grid, colours):
    rows, columns = grid
    axis.set_facecolor("#eeeeee")
    axis.spines[:].set_visible(False)
    for row, column, mean, sd in part[[down, right, "dice_mean", "dice_sd"]].itertuples(index=False):
        if np.isnan(mean):
            continue
        y, x = rows.index(row), columns.index(column)
        colour = np.array(colours.to_rgba(mean))
        axis.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.8))
        ink = "black" if colour[:3] @ LUMINANCE > 0.5 else "white"
        axis.text(x, y - 0.03, f"{mean:.3f}", ha="center", va="bottom", color=ink, fontsize=7)
        if not np.isnan(sd):
            axis.text(x, y + 0.08, f"± {sd:.3f}", ha="center", va="top", color=ink, fontsize=5.5)


def _outline(axis, part, down, right, grid):
    rows, columns = grid
    for row, column in part[[down, right]].itertuples(index=False):
        corner = columns.index(column) - 0.46, rows.index(row) - 0.44
        axis.add_patch(Rectangle(corner, 0.92, 0.88, fill=False, edgecolor="black", linewidth=1.4, label="best"))
