"""Training curves: the loss of every training over its steps."""

import math

import pandas as pd
import seaborn as sns
from matplotlib.lines import Line2D

from weakseg3d.errors import UserError
from weakseg3d.report.style import PAGE_WIDTH, new_figure, style_context
from weakseg3d.texts import read_csv

COLUMNS, PANEL_HEIGHT = 3, 1.35
"""Panels in a row, and the height in inches of a panel with its title."""

MAX_METHODS = 24
"""Methods shown; those of a large study would fill a poster."""

WINDOW = 0.02
"""Share of the steps over which a loss is averaged, because each step sees different patches."""

ORGAN_STYLES = (
    {"color": "#0072b2", "linestyle": "-"},
    {"color": "#d55e00", "linestyle": "--"},
    {"color": "#009e73", "linestyle": "-."},
    {"color": "#cc79a7", "linestyle": ":"},
    {"color": "#000000", "linestyle": (0, (5, 1, 1, 1, 1, 1))},
)
"""Colours that readers with any kind of colour vision can tell apart, with dashes for greyscale."""

LINE_WIDTH = 0.9


def training_figure(results):
    """Return a figure with one panel per trained method of `Results`: a line per organ and seed; None without any.

    The losses of different methods are different functions, so each panel has its own scale. Trainings without a
    ``losses.csv`` are left out.
    """
    models = {}
    for cell in results.cells:
        if cell["model"] and results.model(cell, "losses.csv").is_file():
            organ = cell["dataset"], cell["organ"]
            models.setdefault(cell["method"], {}).setdefault(organ, set()).add(cell["model"])
    if not models:
        return None
    models = dict(list(models.items())[:MAX_METHODS])
    organs = list(dict.fromkeys(organ for method_models in models.values() for organ in method_models))
    styles = {organ: ORGAN_STYLES[place % len(ORGAN_STYLES)] for place, organ in enumerate(organs)}
    columns = min(COLUMNS, len(models))
    rows = math.ceil(len(models) / columns)
    with style_context():
        figure = new_figure(PAGE_WIDTH * max(columns / COLUMNS, 0.5), 0.3 + PANEL_HEIGHT * rows)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in grid[len(models) :]:
            axes.set_visible(False)
        for axes, (method, method_models) in zip(grid, models.items(), strict=False):
            for organ, folders in method_models.items():
                for folder in sorted(folders):
                    losses = read_losses(results.folder / folder / "losses.csv")
                    axes.plot(losses, linewidth=LINE_WIDTH, **styles[organ])
            axes.set_title(method, loc="left")
            axes.tick_params(width=0.5, length=2)
            sns.despine(ax=axes)
        for axes in grid[::columns]:
            axes.set_ylabel("loss")
        for axes in grid[max(0, len(models) - columns) : len(models)]:
            axes.set_xlabel("step")
        handles = [Line2D([], [], linewidth=LINE_WIDTH, **style) for style in styles.values()]
        labels = [f"{organ}, {dataset}" for dataset, organ in styles]
        figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)), frameon=False)
    return figure


def read_losses(path):
    """Return the losses in a ``losses.csv`` as a series over steps, averaged over `WINDOW` of them.

    Raises UserError for a file that was not written by a training.
    """
    table = read_csv(path)
    try:
        rows = pd.DataFrame(table.rows, columns=table.columns, dtype=str)
        losses = rows.astype({"step": int, "loss": float}).set_index("step")["loss"]
    except (KeyError, ValueError, OverflowError):
        raise UserError(f"{path}: not a table of step and loss; train again") from None
    return losses.rolling(max(1, round(WINDOW * len(losses))), min_periods=1, center=True).mean()
