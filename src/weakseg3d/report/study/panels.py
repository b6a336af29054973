"""What the figures of a study share: how panels are laid out, and how methods and references look."""

import math
from itertools import zip_longest

import matplotlib
import pandas as pd
import seaborn as sns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from weakseg3d.errors import UserError
from weakseg3d.report.figures.style import COLUMN_WIDTH, STYLE
from weakseg3d.report.study.table import ORGAN

PAGE_WIDTH = 2 * COLUMN_WIDTH
"""Width of two of a journal's columns in inches: no figure is wider."""

METHOD_STYLES = (
    {"color": "#0072b2", "marker": "o"},
    {"color": "#d55e00", "marker": "s"},
    {"color": "#009e73", "marker": "^"},
    {"color": "#cc79a7", "marker": "D"},
    {"color": "#56b4e9", "marker": "v"},
    {"color": "#e69f00", "marker": "P"},
    {"color": "#000000", "marker": "X"},
)
"""Okabe and Ito's colours, told apart by every kind of colour vision, with markers for greyscale."""

MARKERS = [style["marker"] for style in METHOD_STYLES]

LEGEND_HANDLE, LEGEND_LETTER = 0.45, 0.06
"""Width in inches of a legend's entry without its name, and of a letter of the name."""

HIDDEN_REFERENCE = "empty"
"""A control at Dice 0 would only squeeze the rest."""


def split_references(table, names):
    """Return the variants in the study's table ``table`` with factors ``names``, and the references to be drawn.

    A variant that lacks a factor has no place in a figure and is left to the table.
    Raises UserError when no variant has every factor.
    """
    blank = table[list(names)] == ""
    if blank.any(axis="columns").all():
        raise UserError(f"no variant of the study has all of its factors, {', '.join(names)}; report each study alone")
    references = table[blank.all(axis="columns") & (table["method"] != HIDDEN_REFERENCE)]
    return table[~blank.any(axis="columns")], references.dropna(subset="dice_mean")


def style_context():
    """Return the context in which a figure of the study is made."""
    return matplotlib.rc_context({**sns.axes_style("ticks"), **STYLE, "axes.linewidth": 0.6})


def method_styles(methods):
    """Return ``{method: colour and marker}``; they repeat only beyond 7 methods."""
    return {name: METHOD_STYLES[place % len(METHOD_STYLES)] for place, name in enumerate(methods)}


def panel_grid(variants, names, columns, panel_size, margin, xlabel="", ylabel=""):
    """Return a figure and its panels: one per dataset and organ, and per combination of the columns ``names``.

    A panel is a tuple (axis, organ, rows of ``variants``), with the organ as its values of `ORGAN`. Panels stand
    in rows of at most ``columns``; an organ with several panels begins a new row. ``panel_size`` is the width and
    height of a panel with its title in inches, ``margin`` the same for what stands around all panels. Axes are
    shared, and labelled on the left and at the bottom.
    """
    organs = [
        (organ, [part for _, part in group.groupby(names, sort=False)] if names else [group])
        for organ, group in variants.groupby(ORGAN, sort=False)
    ]
    most = max(len(parts) for _, parts in organs)
    columns = min(columns, most if most > 1 else len(organs))
    cells = []
    for organ, parts in organs:
        cells += [(organ, part) for part in parts]
        if most > 1:
            cells += [None] * (-len(parts) % columns)
    lines = math.ceil(len(cells) / columns)
    size = [number * inches + more for number, inches, more in zip((columns, lines), panel_size, margin, strict=True)]
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    panels = []
    for axis, cell in zip_longest(axes.ravel(), cells):
        axis.set_visible(cell is not None)
        if cell is not None:
            panels.append((axis, *cell))
    for column in axes.T:
        lowest = [axis for axis in column if axis.get_visible()][-1]
        lowest.tick_params(labelbottom=True)
        lowest.set_xlabel(xlabel)
    for axis in axes[:, 0]:
        axis.set_ylabel(ylabel)
    return figure, panels


def of_organ(table, organ):
    """Return the rows of ``table`` that belong to ``organ``, the values of `ORGAN`."""
    return table[(table[ORGAN] == list(organ)).all(axis="columns")]


def panel_title(organ, part, names):
    """Return the title of a panel: its organ, and below that the values of the columns ``names`` in ``part``."""
    dataset, modality, name = organ
    title = f"{name}, {dataset} ({modality})" if modality else f"{name}, {dataset}"
    values = [part[column].iloc[0] for column in names]
    labels = [value if column == "method" else f"{column} {value}" for column, value in zip(names, values, strict=True)]
    return "\n".join([title, ", ".join(labels)] if labels else [title])


def add_legend(figure, panels, names, title=None):
    """Put a legend of ``names``, labels of what was drawn in any of ``panels``, below them."""
    found = {}
    for axis, _, _ in panels:
        handles, labels = axis.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    shown = [name for name in names if name in found]
    entry = LEGEND_HANDLE + LEGEND_LETTER * max(map(len, shown))
    columns = max(1, int(figure.get_figwidth() / entry))
    handles = [found[name] for name in shown]
    figure.legend(handles, shown, title=title, loc="outside lower center", ncols=columns, frameon=False)


def dice_limits(variants, references):
    """Return limits of a Dice axis that hold every mean and its interval, as far as Dice goes."""
    shown = [variants[f"dice_{value}"] for value in ("mean", "low", "high")]
    ends = pd.concat([*shown, references["dice_mean"]]).dropna()
    low, high = (ends.min(), ends.max()) if len(ends) else (0, 1)
    margin = max(0.04 * (high - low), 0.01)
    return max(low - margin, -0.02), min(high + margin, 1.02)
