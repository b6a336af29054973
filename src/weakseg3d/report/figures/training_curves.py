"""Training curves: the loss of every training over its steps."""

import math

import matplotlib
import pandas as pd
import seaborn as sns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from weakseg3d.errors import UserError
from weakseg3d.report.figures.style import COLUMN_WIDTH, STYLE

COLUMNS, PANEL_HEIGHT = 3, 1.35
"""Panels in a row, and the height of one with its title in inches."""

MOST = 24
"""Methods shown; those of a large study would make a poster."""

WINDOW = 0.02
"""Share of the steps over which a loss is averaged: single steps see other patches."""

ORGAN_STYLES = (
    ("#0072b2", "-"),
    ("#d55e00", "--"),
    ("#009e73", "-."),
    ("#cc79a7", ":"),
    ("#000000", (0, (5, 1, 1, 1, 1, 1))),
)
"""Colours for every kind of colour vision, and dashes for greyscale."""


def training_figure(results):
    """Return a figure with one panel per trained method of `Results`: a line per organ and seed; None without any.

    Losses of different methods are different functions, so each panel has its own scale. Runs whose ``losses.csv`` is
    gone are left out.
    """
    runs = {}
    for cell in results.cells:
        if cell["model"] and results.model(cell, "losses.csv").is_file():
            runs.setdefault(cell["method"], {}).setdefault((cell["dataset"], cell["organ"]), set()).add(cell["model"])
    if not runs:
        return None
    runs = dict(list(runs.items())[:MOST])
    organs = list(dict.fromkeys(organ for parts in runs.values() for organ in parts))
    styles = {organ: ORGAN_STYLES[place % len(ORGAN_STYLES)] for place, organ in enumerate(organs)}
    columns = min(COLUMNS, len(runs))
    lines = math.ceil(len(runs) / columns)
    with matplotlib.rc_context({**sns.axes_style("ticks"), **STYLE, "axes.linewidth": 0.6}):
        width = 2 * COLUMN_WIDTH * max(columns / COLUMNS, 0.5)
        figure = Figure(figsize=(width, 0.3 + PANEL_HEIGHT * lines), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(lines, columns, squeeze=False).ravel()
        for axis in axes[len(runs) :]:
            axis.set_visible(False)
        for axis, (method, parts) in zip(axes, runs.items(), strict=False):
            for organ, models in parts.items():
                colour, dashes = styles[organ]
                for model in sorted(models):
                    losses = read_losses(results.folder / model / "losses.csv")
                    axis.plot(losses, color=colour, linestyle=dashes, linewidth=0.9)
            axis.set_title(method, loc="left")
            axis.tick_params(width=0.5, length=2)
            sns.despine(ax=axis)
        for axis in axes[::columns]:
            axis.set_ylabel("loss")
        for axis in axes[max(0, len(runs) - columns) : len(runs)]:
            axis.set_xlabel("step")
        handles = [
            matplotlib.lines.Line2D([], [], color=colour, linestyle=dashes, linewidth=0.9)
            for colour, dashes in styles.values()
        ]
        labels = [f"{organ}, {dataset}" for dataset, organ in styles]
        figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)), frameon=False)
    return figure


def read_losses(path):
    """Return the losses in a ``losses.csv`` as a series over steps, averaged over `WINDOW` of them.

    Raises UserError for a file that a training did not write.
    """
    try:
        losses = pd.read_csv(path).set_index("step")["loss"].astype(float)
    except (KeyError, ValueError, pd.errors.ParserError, pd.errors.EmptyDataError):
        raise UserError(f"{path}: not a table of step and loss; train again") from None
    return losses.rolling(max(1, round(WINDOW * len(losses))), min_periods=1, center=True).mean()
