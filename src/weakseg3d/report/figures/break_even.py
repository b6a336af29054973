"""Dice against effort: methods that are paid once as points, those that are paid per scan as lines that grow."""

import math

import pandas as pd

from weakseg3d.experiment.payment_times import NEVER, PER_SCAN
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.report.study.panels import HANDLE_WIDTH, LETTER_WIDTH
from weakseg3d.report.study.references import draw_across
from weakseg3d.report.style import COLUMN_WIDTH, PAGE_WIDTH, method_styles, new_figure, style_context
from weakseg3d.report.tables.payment import UNITS, payment
from weakseg3d.report.tables.readable import organ_title
from weakseg3d.statistics.cells import ORGAN

PANEL = (2.5, 2.3)
"""Approximate width and height of the axes of a panel in inches."""

HEIGHT = 2.7
"""Height of a panel with its labels in inches."""


def break_even_figure(methods, scans):
    """Return a figure of mean Dice over the effort until ``scans`` new scans are segmented, a panel for each organ.

    ``methods`` is the table of `paying_methods`. The unit of a panel is the one, of `UNITS`, in which most methods can
    be drawn; the others, and those that cost nothing, are dashed lines across the panel.
    """
    organs = list(methods.groupby(ORGAN, sort=False))
    styles = method_styles(methods["method"].map(_base).unique())
    with style_context():
        columns = min(2, max(1, len(organs)))
        rows = max(1, math.ceil(len(organs) / columns))
        names = 0.06 * max(map(len, methods["method"]), default=0)
        width = PAGE_WIDTH if columns > 1 else COLUMN_WIDTH + names
        figure = new_figure(width, rows * HEIGHT + 0.6)
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in grid[len(organs) :]:
            axes.set_visible(False)
        handles = {}
        for axes, (organ, part) in zip(grid, organs, strict=False):
            across = _draw(axes, part, scans, styles)
            axes.set_title(organ_title(organ))
            drawn, labels = axes.get_legend_handles_labels()
            handles |= dict(zip(labels, drawn, strict=True))
            if across:
                draw_across(axes, pd.DataFrame(across), PANEL)
        handles = {name: handles[name] for name in styles if name in handles}
        if handles:
            entry = HANDLE_WIDTH + LETTER_WIDTH * max(map(len, handles))
            columns = max(1, int(width / entry))
            figure.legend(handles.values(), handles, loc="outside lower center", ncols=columns, frameon=False)
    return figure


def _draw(axes, part, scans, styles):
    """Draw the methods of an organ; return those that cost nothing, or whose effort has another unit."""
    records = part.dropna(subset="dice_mean").to_dict("records")
    unit = max(UNITS, key=lambda unit: sum(_drawable(row, unit) for row in records))
    drawn = [row for row in records if _drawable(row, unit)]
    across = [row for row in records if not _drawable(row, unit)]
    means = [row["dice_mean"] for row in records] or [0, 1]
    margin = max(0.08 * (max(means) - min(means)), 0.02)
    axes.set_ylim(min(means) - margin, max(means) + margin)
    axes.set_xscale("log")
    for row in drawn:
        style = styles[_base(row["method"])] | {"label": _base(row["method"])}
        paid = payment(row, unit)
        if row["effort_paid"] == PER_SCAN:
            counts = _counts(scans)
            totals = [paid.total(count) for count in counts]
            axes.plot(totals, [row["dice_mean"]] * len(totals), linewidth=1, markersize=4, mfc="white", **style)
            for count, total in zip(counts, totals, strict=True):
                place = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center", "fontsize": 6}
                axes.annotate(str(count), (total, row["dice_mean"]), **place)
        else:
            low, mean, high = row["dice_low"], row["dice_mean"], row["dice_high"]
            bars = None if math.isnan(low) else [[max(0, mean - low)], [max(0, high - mean)]]
            style |= {"linestyle": "", "markersize": 5, "elinewidth": 0.6}
            axes.errorbar([paid.once], [mean], yerr=bars, **style)
    axes.set_xlabel(f"effort in {unit}, all in all")
    axes.set_ylabel("Dice")
    return across


def _drawable(row, unit):
    """Return whether the effort of a method is known in ``unit`` and is not 0, which a logarithmic axis lacks."""
    paid = payment(row, unit)
    return row["effort_paid"] != NEVER and paid is not None and paid.total(1) > 0


def _counts(scans):
    """Return the numbers of scans at which a line has a marker: powers of ten, and ``scans`` itself."""
    powers = [10**power for power in range(len(str(scans)))]
    return sorted({*powers, scans})


def _base(method):
    return variant_parts(method)[0]
