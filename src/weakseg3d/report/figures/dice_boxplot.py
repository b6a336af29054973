"""The box plot of Dice: every case by every method, in print at the width of a column."""

import math

import seaborn as sns
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from weakseg3d.evaluation.long_table import LACKING, WITH_ORGAN, series_names
from weakseg3d.inference.controls import CONTROLS
from weakseg3d.report.style import COLUMN_WIDTH, grid_context, new_figure
from weakseg3d.report.tables.readable import organ_title
from weakseg3d.statistics.cells import ORGAN

LETTER_WIDTH, FITTING_LETTERS = 0.065, 24
"""Width of a letter in inches, and the length of a method's name above which the figure is wider than its columns."""

METHOD_COLOUR, CONTROL_COLOUR = "#7fb3d5", "#e4e4e4"
"""Names on the axis tell methods apart, so colour only distinguishes controls and missed organs. In greyscale,
controls are also hatched, and missed organs are crosses."""

CASE_STYLE = {"marker": "o", "color": "#222222", "markersize": 3, "markeredgecolor": "white", "markeredgewidth": 0.3}
MISSED_STYLE = {"marker": "x", "color": "#b2182b", "markersize": 5, "markeredgewidth": 1.4}

PAIR_STYLE = {"color": "#999999", "linewidth": 0.4, "alpha": 0.6, "zorder": 5, "clip_on": False}
"""Lines between the dots of one case in neighbouring boxes."""


def dice_boxplot(rows):
    """Return a figure with one panel per dataset and organ: boxes of Dice per method, with each case as a dot.

    ``rows`` is the table that `read_metrics` returns. Thin lines join the dots of one case and seed in the boxes of
    methods, but not of controls. Missed organs are crosses at 0; cases without the organ are not drawn. Boxes show
    quartiles and median, whiskers reach 1.5 interquartile ranges.
    """
    dice = rows[(rows["metric"] == "dice") & rows["status"].isin([*WITH_ORGAN, LACKING])]
    dice = dice.assign(series=series_names(rows))
    # A method without any evaluation keeps its row, which is empty.
    series = list(dice["series"].unique())
    dice = dice[dice["status"] != LACKING]
    organs = list(dice.groupby(ORGAN, sort=False))
    columns = min(2, len(organs)) or 1
    lines = math.ceil(len(organs) / columns) or 1
    with grid_context():
        height = 0.55 + lines * (0.55 + 0.22 * len(series))
        longest = max(map(len, series), default=0)
        figure = new_figure(COLUMN_WIDTH * columns + LETTER_WIDTH * max(0, longest - FITTING_LETTERS), height)
        grid = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, (organ, part) in zip(grid, organs, strict=False):
            _draw_panel(axes, part, series)
            axes.set_title(organ_title(organ))
        for axes in grid[len(organs) :]:
            axes.set_visible(False)
        for axes in grid[: len(organs)][-columns:]:
            axes.tick_params(labelbottom=True)
            axes.set_xlabel("Dice", visible=True)
        figure.legend(handles=_legend_handles(), loc="outside lower center", ncols=4, frameon=False, handlelength=1.2)
    return figure


def _draw_panel(axes, part, series):
    """Draw the boxes and dots of one organ; ``part`` has its Dice, ``series`` are the names of the boxes."""
    colours = {name: METHOD_COLOUR for name in series}
    colours |= {name: CONTROL_COLOUR for name in part.loc[part["method"].isin(CONTROLS), "series"]}
    sns.boxplot(
        part,
        x="value",
        y="series",
        order=series,
        hue="series",
        hue_order=series,
        palette=colours,
        width=0.62,
        linewidth=0.7,
        linecolor="#333333",
        showfliers=False,
        legend=False,
        ax=axes,
    )
    for name, box in _boxes(axes, part, series):
        if colours[name] == CONTROL_COLOUR:
            box.set_hatch("////")
    heights = part["series"].map(series.index) + _case_offsets(part["case"])
    methods = part.assign(height=heights)[~part["method"].isin(CONTROLS)]
    for _, pair in methods.sort_values("height").groupby(["case", "seed"], sort=False):
        axes.plot(pair["value"], pair["height"], **PAIR_STYLE)
    missed = part["status"] == "empty_prediction"
    for selected, style in ((~missed, CASE_STYLE), (missed, MISSED_STYLE)):
        # An unclipped line without points would count as one in the corner of the figure when panels are laid out.
        if selected.any():
            axes.plot(part.loc[selected, "value"], heights[selected], linestyle="", zorder=10, clip_on=False, **style)
    axes.set(xlim=(-0.03, 1.03), xlabel="", ylabel="")
    axes.xaxis.grid(True, color="#dddddd", linewidth=0.5)
    axes.yaxis.grid(False)


def _boxes(axes, part, series):
    """Return pairs of a series and its box; seaborn draws the boxes in order and skips series without values."""
    return zip([name for name in series if (part["series"] == name).any()], axes.patches, strict=True)


def _case_offsets(cases):
    """Return offsets that spread the dots over the height of a box, with a case at the same place in every box."""
    places = {case: place for place, case in enumerate(cases.unique())}
    return cases.map(places) / max(len(places) - 1, 1) * 0.4 - (0.2 if len(places) > 1 else 0)


def _legend_handles():
    return [
        Patch(facecolor=METHOD_COLOUR, edgecolor="#333333", linewidth=0.7, label="method"),
        Patch(facecolor=CONTROL_COLOUR, edgecolor="#333333", linewidth=0.7, hatch="////", label="control"),
        Line2D([], [], linestyle="", label="case", **CASE_STYLE),
        Line2D([], [], linestyle="", label="missed", **MISSED_STYLE),
    ]
