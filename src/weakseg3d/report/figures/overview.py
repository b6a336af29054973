"""The figure of the overview: the leading metric against the annotator's effort, a panel for each kind of scan."""

import math

import pandas as pd
from matplotlib.ticker import LogLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from weakseg3d.experiment.payment_times import NEVER
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.report.study.panels import HANDLE_WIDTH, LETTER_WIDTH
from weakseg3d.report.study.references import draw_across
from weakseg3d.report.style import METHOD_STYLES, new_figure, style_context
from weakseg3d.report.tables.overview import shown_populations
from weakseg3d.report.tables.payment import UNITS, effort_per_scan
from weakseg3d.statistics.effort_curves import is_logarithmic

WIDTH = 4.2
"""Width of the figure in inches: on the first screen of the page, it stands beside the table."""

PANEL_WIDTH = 2.6
"""Approximate width of a panel in inches."""

HEIGHT = 2.9
"""Height of all panels in inches."""

DODGE, WIDEST = 0.09, 1.0
"""Distance in inches between methods of the same effort, and from the first to the last of many."""


def overview_figure(table, measure):
    """Return a figure of the leading ``measure`` of the overview over the effort on an annotated scan.

    The unit is the one, of `UNITS`, in which most methods can be drawn. The others are dashed lines across the panel.
    Variants of a method that all have different efforts are joined.
    """
    rows = table.dropna(subset=f"{measure.name}_mean").to_dict("records")
    unit = max(UNITS, key=lambda unit: sum(_effort(row, unit) > 0 for row in rows))
    rows = [row | {"effort": _effort(row, unit), "base": variant_parts(row["series"])[0]} for row in rows]
    drawn = [row for row in rows if row["effort"] > 0]
    bases = list(dict.fromkeys(row["base"] for row in drawn))
    names = shown_populations(table)
    with style_context():
        n_panels = max(1, len(names))
        n_columns = max(1, int(WIDTH / (HANDLE_WIDTH + LETTER_WIDTH * max(map(len, bases), default=0))))
        figure = new_figure(WIDTH, HEIGHT + 0.5 + 0.16 * math.ceil(len(bases) / n_columns))
        panels = figure.subplots(n_panels, 1, sharex=True, sharey=True, squeeze=False).ravel()
        _set_scale(panels[-1], sorted({row["effort"] for row in drawn}), unit)
        panels[0].set_ylim(_limits(rows, measure.name))
        for axes, (key, name) in zip(panels, names.items(), strict=False):
            part = [row for row in rows if (row["dataset"], row["modality"]) == key]
            _draw(axes, part, bases, measure.name, HEIGHT / n_panels)
            axes.set_ylabel(measure.label)
            axes.set_title(name)
        labelled = [zip(*reversed(axes.get_legend_handles_labels()), strict=True) for axes in panels]
        handles = {name: handle for part in labelled for name, handle in part}
        handles = {base: handles[base] for base in bases if base in handles}
        if handles:
            figure.legend(handles.values(), handles, loc="outside lower center", ncols=n_columns, frameon=False)
    return figure


def _effort(row, unit):
    """Return the effort of a method on an annotated scan; 0 if it is not known in ``unit``, or nothing."""
    if "effort_clicks" not in row or row.get("effort_paid") == NEVER:
        return 0
    effort = effort_per_scan(row, unit)
    return 0 if math.isnan(effort) else effort


def _set_scale(axes, efforts, unit):
    """Set the scale of the effort, which all panels share."""
    if not efforts:
        axes.set_xticks([])
        axes.set_xlabel("effort: unknown")
        return
    if is_logarithmic(efforts):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlim(efforts[0] / 1.5, efforts[-1] * 1.5)
    else:
        axes.set_xlim(0, efforts[-1] * 1.2)
    axes.set_xlabel(f"effort on one organ of an annotated scan ({unit})")


def _limits(rows, name):
    """Return limits of the metric that include all means and intervals."""
    ends = [row[f"{name}_{value}"] for row in rows for value in ("mean", "low", "high")]
    ends = [end for end in ends if not math.isnan(end)] or [0, 1]
    margin = max(0.05 * (max(ends) - min(ends)), 0.01)
    return min(ends) - margin, max(ends) + margin


def _draw(axes, rows, bases, name, height):
    """Draw the methods of a panel of this height in inches, those without effort across it."""
    drawn = sorted((row for row in rows if row["effort"] > 0), key=lambda row: row["effort"])
    by_base = {base: [row for row in drawn if row["base"] == base] for base in bases}
    curves = {base: part for base, part in by_base.items() if len({row["effort"] for row in part}) == len(part) > 1}
    alone = [row for row in drawn if row["base"] not in curves]
    for row in alone:
        _draw_curve(axes, [row], name, _style(bases.index(row["base"])), row["base"], _shift(row, alone))
    for base, curve in curves.items():
        _draw_curve(axes, curve, name, _style(bases.index(base)), base)
    across = [row for row in rows if not row["effort"] > 0]
    if across:
        means = pd.DataFrame(
            {"method": [row["series"] for row in across], "dice_mean": [row[f"{name}_mean"] for row in across]}
        )
        draw_across(axes, means, (PANEL_WIDTH, height))


def _draw_curve(axes, curve, name, style, label, shift=0.0):
    mean, low, high = ([row[f"{name}_{value}"] for row in curve] for value in ("mean", "low", "high"))
    # An interval may be unknown, or differ from the mean by rounding.
    bars = [
        [max(0, m - end) for m, end in zip(mean, low, strict=True)],
        [max(0, end - m) for m, end in zip(mean, high, strict=True)],
    ]
    transform = axes.transData + ScaledTranslation(shift, 0, axes.figure.dpi_scale_trans)
    size = {"markersize": 4, "linewidth": 0.9, "elinewidth": 0.7}
    axes.errorbar([row["effort"] for row in curve], mean, yerr=bars, label=label, transform=transform, **size, **style)


def _shift(row, alone):
    """Return how far in inches a method stands beside its effort, which others may have as well."""
    same = [other["series"] for other in alone if f"{other['effort']:.2g}" == f"{row['effort']:.2g}"]
    return min(DODGE, WIDEST / len(same)) * (same.index(row["series"]) - (len(same) - 1) / 2)


def _style(place):
    """Return the colour and marker of a method; where they repeat, markers are hollow."""
    style = METHOD_STYLES[place % len(METHOD_STYLES)]
    return style | {"markerfacecolor": style["color"] if place < len(METHOD_STYLES) else "white"}
