"""The quality of the pseudo label itself: its metrics over the factors of a study, such as clicks and sigma."""

import math

import seaborn as sns

from weakseg3d.experiment.effort_factor import is_numeric
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.report.study.budget_curves import level_styles
from weakseg3d.report.study.table import factors, study_table
from weakseg3d.report.style import COLUMN_WIDTH, METHOD_STYLES, new_figure, style_context
from weakseg3d.report.tables.main import main_table
from weakseg3d.report.tables.measures import SHOWN
from weakseg3d.report.tables.readable import organ_title
from weakseg3d.statistics.cells import ORGAN
from weakseg3d.statistics.effort_curves import is_logarithmic

CONTROL = "pseudo_label"
STATISTICS = ("mean", "low", "high")
PANEL_HEIGHT = 1.6
"""Height of a panel in inches."""


def pseudo_label_figure(rows, measures=SHOWN):
    """Return a figure with the ``measures`` of the pseudo label for each organ, or None if no study varies it.

    ``rows`` is the table that `read_metrics` returns. The axis shows the numeric factor with the most levels, or else
    the factor with the most levels; there is one line for each level of the next factor, from light to dark. Bands are
    95 % intervals of the mean, if there are enough cases.
    """
    rows = rows[rows["method"].map(lambda name: variant_parts(name)[0] == CONTROL and "+" in name)]
    if rows.empty:
        return None
    levels = factors(rows)
    x = max(levels, key=lambda name: (is_numeric(levels[name]), len(levels[name])))
    line_factor = next((name for name in levels if name != x), None)
    styles = level_styles(levels[line_factor]) if line_factor else {"": METHOD_STYLES[0]}
    organs = list(study_table(rows, main_table(rows, measures)).groupby(ORGAN, sort=False))
    with style_context():
        figure = new_figure(COLUMN_WIDTH * 0.625 * len(measures), 0.45 + PANEL_HEIGHT * len(organs))
        grid = figure.subplots(len(organs), len(measures), sharex=True, squeeze=False)
        for organ_axes, (organ, part) in zip(grid, organs, strict=True):
            for axes, measure in zip(organ_axes, measures, strict=True):
                for level, style in styles.items():
                    means = _means(part[part[line_factor] == level] if line_factor else part, x, measure.name)
                    _draw_means(axes, means, levels[x], style | {"label": level})
                _set_scale(axes, levels[x])
                axes.set_ylabel(measure.label)
                sns.despine(ax=axes)
            organ_axes[0].set_title(organ_title(organ), loc="left")
        for axes in grid[-1]:
            axes.set_xlabel(x)
        if line_factor:
            handles, labels = grid[0, 0].get_legend_handles_labels()
            figure.legend(handles, labels, title=line_factor, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _means(table, x, measure):
    """Return the mean of a measure and its interval at each level of the factor ``x``.

    Other factors are averaged over, to a mean without an interval; the table lists their levels separately.
    """
    names = {f"{measure}_{name}": name for name in STATISTICS}
    groups = table.rename(columns=names).groupby(x, sort=False)[list(STATISTICS)]
    means = groups.agg(lambda values: values.mean(skipna=False))
    means.loc[groups.size() > 1, ["low", "high"]] = math.nan
    return means


def _ordered(levels):
    """Return the levels in the order of the axis, and their places on it."""
    if is_numeric(levels):
        ordered = sorted(levels, key=float)
        return ordered, [float(level) for level in ordered]
    return levels, range(len(levels))


def _draw_means(axes, means, levels, style):
    """Draw means and their intervals: a line with a band over numeric levels, points with bars over named ones."""
    ordered, places = _ordered(levels)
    means = means.reindex(ordered)
    limits = means["low"], means["high"]
    if is_numeric(levels):
        axes.plot(places, means["mean"], markersize=3.5, linewidth=1.2, **style)
        axes.fill_between(places, *limits, color=style["color"], alpha=0.15, linewidth=0)
    else:
        axes.plot(places, means["mean"], markersize=3.5, linestyle="", **style)
        axes.vlines(places, *limits, color=style["color"], linewidth=0.8)


def _set_scale(axes, levels):
    """Set the scale of the axis of levels."""
    ordered, places = _ordered(levels)
    numeric = is_numeric(levels)
    if numeric and is_logarithmic(places):
        axes.set_xscale("log")
    axes.set_xticks(places, labels=ordered, **({} if numeric else {"rotation": 30, "ha": "right"}))
    axes.set_xticks([], minor=True)
