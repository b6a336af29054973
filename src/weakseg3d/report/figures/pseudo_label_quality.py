"""How good the pseudo label itself is: its Dice and HD95 over what a study varies, such as clicks and sigma."""

import math

import matplotlib
import seaborn as sns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from weakseg3d.experiment.variants import variant_parts
from weakseg3d.report.figures.style import COLUMN_WIDTH, STYLE
from weakseg3d.report.study.curves import is_numeric, level_styles
from weakseg3d.report.study.table import ORGAN, factors, study_table
from weakseg3d.report.tables.latex import section

CONTROL = "pseudo_label"
MEASURES = {"dice": "Dice", "hd95": "HD95 (mm)"}
SHOWN = ("mean", "low", "high")
PANEL_HEIGHT = 1.6


def pseudo_label_figure(rows):
    """Return a figure with Dice and HD95 of the pseudo label for each organ, or None where no study varies it.

    ``rows`` is what `read_metrics` returns. The numeric factor with most levels, else the one with most levels, is the
    axis; the next factor gives lines, light to dark. Bands are 95 % intervals of the mean where there are enough
    cases.
    """
    rows = rows[rows["method"].map(lambda name: variant_parts(name)[0] == CONTROL and "+" in name)]
    if rows.empty:
        return None
    levels = factors(rows)
    x = max(levels, key=lambda name: (is_numeric(levels[name]), len(levels[name])))
    line = next((name for name in levels if name != x), None)
    numeric = is_numeric(levels[x])
    order = sorted(levels[x], key=float) if numeric else levels[x]
    styles = level_styles(levels[line]) if line else {"": {"color": "#0072b2", "marker": "o"}}
    table = study_table(rows)
    organs = list(table.groupby(ORGAN, sort=False))
    with matplotlib.rc_context({**sns.axes_style("ticks"), **STYLE, "axes.linewidth": 0.6}):
        figure = Figure(figsize=(COLUMN_WIDTH * 1.25, 0.45 + PANEL_HEIGHT * len(organs)), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(len(organs), 2, sharex=True, squeeze=False)
        for line_axes, (organ, part) in zip(axes, organs, strict=True):
            for axis, (measure, name) in zip(line_axes, MEASURES.items(), strict=True):
                for level, style in styles.items():
                    of_level = part[part[line] == level] if line else part
                    places = [float(level) for level in order] if numeric else range(len(order))
                    _draw(axis, places, _means(of_level, x, measure).reindex(order), level, style, numeric)
                axis.set_ylabel(name)
                if numeric and float(order[0]) > 0 and float(order[-1]) > 8 * float(order[0]):
                    axis.set_xscale("log")
                axis.set_xticks(places, labels=order, **({} if numeric else {"rotation": 30, "ha": "right"}))
                axis.set_xticks([], minor=True)
                sns.despine(ax=axis)
            line_axes[0].set_title(section(organ), loc="left")
        for axis in axes[-1]:
            axis.set_xlabel(x)
        if line:
            handles, labels = axes[0, 0].get_legend_handles_labels()
            figure.legend(handles, labels, title=line, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _means(table, x, measure):
    """Return the mean of a measure and its interval at each level of ``x``.

    Further factors are averaged over, to a mean without an interval; the table has them apart.
    """
    levels = table.rename(columns={f"{measure}_{name}": name for name in SHOWN}).groupby(x, sort=False)[list(SHOWN)]
    means = levels.agg(lambda values: values.mean(skipna=False))
    means.loc[levels.size() > 1, ["low", "high"]] = math.nan
    return means


def _draw(axis, places, means, label, style, joined):
    """Draw means and their intervals: a line with a band over numbers, points with bars over names."""
    limits = means["low"], means["high"]
    if joined:
        axis.plot(places, means["mean"], label=label, markersize=3.5, linewidth=1.2, **style)
        axis.fill_between(places, *limits, color=style["color"], alpha=0.15, linewidth=0)
    else:
        axis.plot(places, means["mean"], label=label, markersize=3.5, linestyle="", **style)
        axis.vlines(places, *limits, color=style["color"], linewidth=0.8)
