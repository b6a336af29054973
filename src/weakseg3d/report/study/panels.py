"""The common parts of the figures of a study: the layout of their panels, the references, and the legend."""

import math
from dataclasses import dataclass
from itertools import zip_longest

import pandas as pd
from matplotlib.axes import Axes

from weakseg3d.errors import UserError
from weakseg3d.report.style import new_figure
from weakseg3d.report.tables.readable import organ_title
from weakseg3d.statistics.cells import ORGAN

HANDLE_WIDTH, LETTER_WIDTH = 0.45, 0.06
"""Width in inches of an entry in the legend without its name, and of a letter of the name."""

HIDDEN_REFERENCE = "empty"
"""This control has Dice 0, so showing it would squeeze everything else."""


@dataclass(frozen=True)
class Layout:
    """Sizes in inches and labels of the panels of a figure."""

    columns: int
    """The figure has at most this many panels side by side."""
    panel_size: tuple[float, float]
    """Width and height of a panel with its title."""
    margin: tuple[float, float]
    """Additional width and height of the figure around all panels."""
    xlabel: str = ""
    ylabel: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel of a figure, and the variants shown in it."""

    axes: Axes
    organ: tuple[str, str, str]
    """Values of `ORGAN`."""
    variants: pd.DataFrame

    def title(self, columns):
        """Return the organ and, in a second line, the values that all variants have in ``columns``."""
        values = [(column, self.variants[column].iloc[0]) for column in columns]
        labels = [value if column == "method" else f"{column} {value}" for column, value in values]
        return "\n".join([organ_title(self.organ), ", ".join(labels)] if labels else [organ_title(self.organ)])


def split_references(table, factor_names):
    """Return the variants in the table of a study, and the references that are drawn.

    A variant that lacks a factor has no place in a figure and appears only in the table.
    Raises UserError if no variant has every factor.
    """
    blank = table[list(factor_names)] == ""
    if blank.any(axis="columns").all():
        raise UserError(
            f"no variant of the study has all of its factors, {', '.join(factor_names)}; report each study separately"
        )
    references = table[blank.all(axis="columns") & (table["method"] != HIDDEN_REFERENCE)]
    return table[~blank.any(axis="columns")], references.dropna(subset="dice_mean")


def panel_grid(variants, layout, columns=()):
    """Return a figure and its list of `Panel`: one for each organ and combination of values in ``columns``.

    Panels stand in rows; an organ with several panels starts a new row. All panels share their axes, which are labelled
    on the left and at the bottom.
    """
    organs = [
        (organ, [part for _, part in group.groupby(list(columns), sort=False)] if columns else [group])
        for organ, group in variants.groupby(ORGAN, sort=False)
    ]
    most = max(len(parts) for _, parts in organs)
    width = min(layout.columns, most if most > 1 else len(organs))
    cells = []
    for organ, parts in organs:
        cells += [(organ, part) for part in parts]
        if most > 1:
            cells += [None] * (-len(parts) % width)
    height = math.ceil(len(cells) / width)
    (panel_width, panel_height), (more_width, more_height) = layout.panel_size, layout.margin
    figure = new_figure(width * panel_width + more_width, height * panel_height + more_height)
    grid = figure.subplots(height, width, sharex=True, sharey=True, squeeze=False)
    panels = []
    for axes, cell in zip_longest(grid.ravel(), cells):
        axes.set_visible(cell is not None)
        if cell is not None:
            panels.append(Panel(axes, *cell))
    for column in grid.T:
        lowest = [axes for axes in column if axes.get_visible()][-1]
        lowest.tick_params(labelbottom=True)
        lowest.set_xlabel(layout.xlabel)
    for axes in grid[:, 0]:
        axes.set_ylabel(layout.ylabel)
    return figure, panels


def rows_of_organ(table, organ):
    """Return the rows of ``table`` that belong to ``organ``, the values of `ORGAN`."""
    return table[(table[ORGAN] == list(organ)).all(axis="columns")]


def add_legend(figure, panels, names, title=None):
    """Add a legend below the panels with those of ``names`` that are labels of something drawn in any of them."""
    handles = {}
    for panel in panels:
        drawn, labels = panel.axes.get_legend_handles_labels()
        handles |= dict(zip(labels, drawn, strict=True))
    labels = [name for name in names if name in handles]
    entry_width = HANDLE_WIDTH + LETTER_WIDTH * max(map(len, labels))
    columns = max(1, int(figure.get_figwidth() / entry_width))
    handles = [handles[name] for name in labels]
    figure.legend(handles, labels, title=title, loc="outside lower center", ncols=columns, frameon=False)


def dice_limits(variants, references):
    """Return limits of a Dice axis that include every mean and its interval, within the range of Dice."""
    values = [variants[f"dice_{value}"] for value in ("mean", "low", "high")]
    values = pd.concat([*values, references["dice_mean"]]).dropna()
    low, high = (values.min(), values.max()) if len(values) else (0, 1)
    margin = max(0.04 * (high - low), 0.01)
    return max(low - margin, -0.02), min(high + margin, 1.02)
