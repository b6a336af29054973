"""Heatmaps of Dice over two factors, one for each combination of the other factors."""

from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from weakseg3d.report.study.panels import Layout, panel_grid, split_references
from weakseg3d.report.study.table import factors, study_table
from weakseg3d.report.style import PAGE_WIDTH, style_context
from weakseg3d.report.tables.measures import measure
from weakseg3d.report.tables.ranked import is_ranked
from weakseg3d.statistics.cells import ORGAN

COLOURS = matplotlib.colormaps["viridis"]

CELL_HEIGHT = 0.33
CELL_WIDTHS = 0.62, 0.9
"""Size of a cell in inches; its width depends on the labels of the columns, within these limits."""

LETTER_WIDTH = 0.065
"""Width in inches of a letter in the label of a column."""

LABEL_WIDTH = 1.6
"""Room in inches for the labels of the rows on the left and the colour bar on the right."""

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""How bright red, green and blue appear."""


@dataclass(frozen=True)
class Grid:
    """The two factors of a heatmap, and the levels that give its rows and columns."""

    row_factor: str
    column_factor: str
    rows: list[str]
    columns: list[str]

    def positions(self, part):
        """Return (column, row), counted from the top left, of each variant in ``part``."""
        levels = part[[self.column_factor, self.row_factor]].itertuples(index=False)
        return [(self.columns.index(column), self.rows.index(row)) for column, row in levels]


def heatmaps(rows):
    """Return a figure of mean Dice, with the sample standard deviation below it and the best on each organ outlined.

    The factor with the most levels gives the rows, the next one the columns; there are panels for each organ, method
    and combination of the other factors. Every organ has its own colour scale.
    """
    levels = factors(rows)
    row_factor, column_factor, *_ = sorted(levels, key=lambda name: -len(levels[name]))
    panel_columns = ["method", *(name for name in levels if name not in (row_factor, column_factor))]
    variants, _ = split_references(study_table(rows), levels)
    grid = Grid(row_factor, column_factor, levels[row_factor], levels[column_factor])
    label_width = LETTER_WIDTH * max(map(len, grid.columns))
    width = min(max(label_width, CELL_WIDTHS[0]), CELL_WIDTHS[1]) * len(grid.columns) + 0.1
    size = width, CELL_HEIGHT * len(grid.rows) + 0.45
    panels_in_row = max(1, int((PAGE_WIDTH - LABEL_WIDTH) / width))
    with style_context():
        layout = Layout(panels_in_row, size, (LABEL_WIDTH, 0.6), column_factor, row_factor)
        figure, panels = panel_grid(variants, layout, panel_columns)
        for organ, organ_variants in variants.groupby(ORGAN, sort=False):
            means = organ_variants["dice_mean"]
            organ_panels = [panel for panel in panels if panel.organ == organ]
            limits = (means.min(), means.max()) if means.notna().any() else (0, 1)
            colours = ScalarMappable(Normalize(*limits), COLOURS)
            # NaN, which equals no mean, if no variant found the organ.
            best = means[is_ranked(organ_variants)].round(measure("dice").decimals).max()
            for panel in organ_panels:
                _set_scales(panel.axes, grid, slanted=label_width > CELL_WIDTHS[1])
                _draw_cells(panel, grid, colours)
                _outline(
                    panel.axes,
                    grid,
                    panel.variants[panel.variants["dice_mean"].round(measure("dice").decimals) == best],
                )
                panel.axes.set_title(panel.title(panel_columns))
                panel.axes.tick_params(length=0)
            bar = figure.colorbar(colours, ax=[panel.axes for panel in organ_panels], label="Dice", aspect=25, pad=0.02)
            bar.outline.set_visible(False)
    return figure


def _set_scales(axes, grid, slanted):
    """Set scales and labels; the first row is at the top."""
    slant = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    axes.set_xticks(range(len(grid.columns)), labels=grid.columns, **slant)
    axes.set_yticks(range(len(grid.rows)), labels=grid.rows)
    axes.set_xlim(-0.5, len(grid.columns) - 0.5)
    axes.set_ylim(len(grid.rows) - 0.5, -0.5)


def _draw_cells(panel, grid, colours):
    axes, part = panel.axes, panel.variants
    axes.set_facecolor("#eeeeee")
    axes.spines[:].set_visible(False)
    for (x, y), mean, sd in zip(grid.positions(part), part["dice_mean"], part["dice_sd"], strict=True):
        if np.isnan(mean):
            continue
        colour = np.array(colours.to_rgba(mean))
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.8))
        text_colour = "black" if colour[:3] @ LUMINANCE > 0.5 else "white"
        axes.text(x, y - 0.03, f"{mean:.3f}", ha="center", va="bottom", color=text_colour, fontsize=7)
        if not np.isnan(sd):
            axes.text(x, y + 0.08, f"± {sd:.3f}", ha="center", va="top", color=text_colour, fontsize=5.5)


def _outline(axes, grid, variants):
    for x, y in grid.positions(variants):
        corner = x - 0.46, y - 0.44
        axes.add_patch(Rectangle(corner, 0.92, 0.88, fill=False, edgecolor="black", linewidth=1.4, label="best"))
