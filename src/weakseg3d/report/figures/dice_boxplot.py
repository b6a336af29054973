"""Figures drawn from the long table of metrics, for print at column width."""

import math

import matplotlib
import seaborn as sns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from weakseg3d.evaluation.long_table import LACKING, WITH_ORGAN, series_names
from weakseg3d.inference.controls import CONTROLS
from weakseg3d.report.figures.style import COLUMN_WIDTH, STYLE

LETTER, FITTING_LETTERS = 0.065, 24
"""Width of a letter in inches, and how long a method's name may be before the figure becomes wider than columns."""

METHOD_COLOUR, CONTROL_COLOUR = "#7fb3d5", "#e4e4e4"
"""Methods differ by their name on the axis, so colour only sets controls and missed organs apart; in greyscale
the controls are also hatched and the missed organs are crosses."""

CASE_STYLE = {"marker": "o", "color": "#222222", "markersize": 3, "markeredgecolor": "white", "markeredgewidth": 0.3}
MISSED_STYLE = {"marker": "x", "color": "#b2182b", "markersize": 5, "markeredgewidth": 1.4}

PAIR_STYLE = {"color": "#999999", "linewidth": 0.4, "alpha": 0.6, "zorder": 5, "clip_on": False}
"""Lines between one case's dots in neighbouring boxes."""


def dice_boxplot(rows):
    """Return a figure with one panel per dataset and organ: boxes of Dice per method, each case a dot.

    Thin lines join the dots of one case and seed in the boxes of methods, controls aside.

    ``rows`` is what `read_metrics` returns. Missed organs are crosses at 0; cases without the organ are not
    drawn. Boxes show quartiles and median, whiskers reach 1.5 interquartile ranges.
    """
    dice = rows[(rows["metric"] == "dice") & rows["status"].isin([*WITH_ORGAN, LACKING])]
    dice = dice.assign(series=series_names(rows))
    # A method without any evaluation keeps its line, which is empty.
    series = list(dice["series"].unique())
    dice = dice[dice["status"] != LACKING]
    panels = list(dice.groupby(["dataset", "modality", "organ"], sort=False))
    columns = min(2, len(panels)) or 1
    lines = math.ceil(len(panels) / columns) or 1
    with matplotlib.rc_context({**sns.axes_style("whitegrid"), **STYLE}):
        height = 0.55 + lines * (0.55 + 0.22 * len(series))
        width = COLUMN_WIDTH * columns + LETTER * max(0, max(map(len, series), default=0) - FITTING_LETTERS)
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axis, ((dataset, modality, organ), panel) in zip(axes, panels, strict=False):
            _draw_panel(axis, panel, series)
            axis.set_title(f"{organ}, {dataset} ({modality})" if modality else f"{organ}, {dataset}")
        for axis in axes[len(panels) :]:
            axis.set_visible(False)
        for axis in axes[: len(panels)][-columns:]:
            axis.tick_params(labelbottom=True)
            axis.set_xlabel("Dice", visible=True)
        figure.legend(handles=_legend_handles(), loc="outside lower center", ncols=4, frameon=False, handlelength=1.2)
    return figure


def _draw_panel(axis, panel, series):
    colours = {name: METHOD_COLOUR for name in series}
    colours |= {name: CONTROL_COLOUR for name in panel.loc[panel["method"].isin(CONTROLS), "series"]}
    shared = {"x": "value", "y": "series", "order": series, "ax": axis}
    sns.boxplot(
        panel,
        **shared,
        hue="series",
        hue_order=series,
        palette=colours,
        width=0.62,
        linewidth=0.7,
        linecolor="#333333",
        showfliers=False,
        legend=False,
    )
    for name, box in _boxes(axis, panel, series):
        if colours[name] == CONTROL_COLOUR:
            box.set_hatch("////")
    heights = panel["series"].map(series.index) + _case_offsets(panel["case"])
    methods = panel.assign(height=heights)[~panel["method"].isin(CONTROLS)]
    for _, pair in methods.sort_values("height").groupby(["case", "seed"], sort=False):
        axis.plot(pair["value"], pair["height"], **PAIR_STYLE)
    missed = panel["status"] == "empty_prediction"
    for chosen, style in ((~missed, CASE_STYLE), (missed, MISSED_STYLE)):
        # An unclipped line without points would count as one in the figure's corner when panels are laid out.
        if chosen.any():
            axis.plot(panel.loc[chosen, "value"], heights[chosen], linestyle="", zorder=10, clip_on=False, **style)
    axis.set(xlim=(-0.03, 1.03), xlabel="", ylabel="")
    axis.xaxis.grid(True, color="#dddddd", linewidth=0.5)
    axis.yaxis.grid(False)


def _boxes(axis, panel, series):
    """Return (series, box) of a panel's boxes; seaborn draws them in order and leaves out series without values."""
    return zip([name for name in series if (panel["series"] == name).any()], axis.patches, strict=True)


def _case_offsets(cases):
    """Return offsets that spread the dots over a box's height, a case at the same place in every box of a panel."""
    places = {case: place for place, case in enumerate(cases.unique())}
    return cases.map(places) / max(len(places) - 1, 1) * 0.4 - (0.2 if len(places) > 1 else 0)


def _legend_handles():
    return [
        Patch(facecolor=METHOD_COLOUR, edgecolor="#333333", linewidth=0.7, label="method"),
        Patch(facecolor=CONTROL_COLOUR, edgecolor="#333333", linewidth=0.7, hatch="////", label="control"),
        Line2D([], [], linestyle="", label="case", **CASE_STYLE),
        Line2D([], [], linestyle="", label="missed", **MISSED_STYLE),
    ]
