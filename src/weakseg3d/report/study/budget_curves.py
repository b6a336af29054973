"""Budget curves: Dice over a numeric factor, such as the number of clicks."""

import matplotlib
import numpy as np

from weakseg3d.experiment.effort_factor import is_numeric
from weakseg3d.report.study.panels import Layout, add_legend, dice_limits, panel_grid, rows_of_organ, split_references
from weakseg3d.report.study.references import draw_across
from weakseg3d.report.study.table import factors, study_table
from weakseg3d.report.style import MARKERS, method_styles, style_context
from weakseg3d.statistics.effort_curves import is_logarithmic

NARROW, WIDE = (2.0, 2.1), (3.0, 2.1)
"""Size in inches of a panel with its title: three in a row, or two in a row if each has names at its right."""

MARGIN = (1.0, 0.6)
"""Room in inches for the label of the axis and the names of the references, and for the legend."""


def budget_curves(rows):
    """Return a figure of mean Dice with its 95 % interval over the numeric factor with the most levels.

    There is one line for each level of the next factor, from light to dark, in panels for each organ, method and level
    of any further factor. With a single factor there is one line per method, in panels per organ. References are dashed
    lines.
    """
    levels = factors(rows)
    x = max((name for name in levels if is_numeric(levels[name])), key=lambda name: len(levels[name]))
    others = [name for name in levels if name != x]
    variants, references = split_references(study_table(rows), levels)
    line_factor = others[0] if others else "method"
    columns = ["method", *others[1:]] if others else []
    styles = level_styles(levels[line_factor]) if others else method_styles(variants["method"].unique())
    with style_context():
        panels_in_row, size = (3, NARROW) if columns else (2, WIDE)
        figure, panels = panel_grid(variants, Layout(panels_in_row, size, MARGIN, x, "Dice"), columns)
        _set_scales(panels[0].axes, levels[x], dice_limits(variants, references))
        # Only the last panel of an organ in each row has room for names at its right.
        last = {(panel.axes.get_subplotspec().rowspan.start, panel.organ): panel.axes for panel in panels}
        for panel in panels:
            for level, style in styles.items():
                part = panel.variants[panel.variants[line_factor] == level]
                _draw_line(panel.axes, part, x, style | {"label": level})
            labelled = panel.axes in last.values()
            draw_across(panel.axes, rows_of_organ(references, panel.organ), size, labelled)
            panel.axes.set_title(panel.title(columns))
        add_legend(figure, panels, styles, title=line_factor if others else None)
    return figure


def level_styles(levels):
    """Return ``{level: colour and marker}`` from light to dark; numbers are sorted."""
    ordered = sorted(levels, key=float) if is_numeric(levels) else levels
    colours = matplotlib.colormaps["viridis"](np.linspace(0.8, 0.0, len(ordered)))
    return {
        level: {"color": matplotlib.colors.to_hex(colour), "marker": MARKERS[place % len(MARKERS)]}
        for place, (level, colour) in enumerate(zip(ordered, colours, strict=True))
    }


def _set_scales(axes, levels, limits):
    """Set the scales of all panels, which share their axes."""
    numbers = sorted(float(level) for level in levels)
    if is_logarithmic(numbers):
        axes.set_xscale("log")
    axes.set_xticks(numbers, labels=sorted(levels, key=float))
    axes.set_xticks([], minor=True)
    axes.set_ylim(limits)


def _draw_line(axes, part, x, style):
    part = part.assign(x=part[x].map(float)).sort_values("x")
    axes.plot(part["x"], part["dice_mean"], markersize=3.5, linewidth=1.2, **style)
    limits = part["dice_low"], part["dice_high"]
    axes.fill_between(part["x"], *limits, color=style["color"], alpha=0.15, linewidth=0)
