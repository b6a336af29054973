"""Budget curves: Dice over a numeric factor, such as the number of clicks."""

import re

import matplotlib
import numpy as np

from weakseg3d.report.study.panels import (
    MARKERS,
    add_legend,
    dice_limits,
    method_styles,
    of_organ,
    panel_grid,
    panel_title,
    split_references,
    style_context,
)
from weakseg3d.report.study.references import across
from weakseg3d.report.study.table import factors, study_table

NUMBER = re.compile(r"\d+(\.\d+)?")
"""A level has no sign; ``float`` alone would take ``10_20`` for a number."""

LOG_RATIO = 8
"""Above this ratio of the largest to the smallest level the axis is logarithmic."""

NARROW, WIDE = (2.0, 2.1), (3.0, 2.1)
"""Size in inches of a panel with its title, in rows of 3; and where each has names at its right, in rows of 2."""

MARGIN = (1.0, 0.6)
"""Room in inches for the axis' label and the references' names, and for the legend."""


def is_numeric(levels):
    """Return whether all ``levels``, which are text, are numbers."""
    return all(NUMBER.fullmatch(level) for level in levels)


def curves(rows):
    """Return a figure of mean Dice with its 95 % interval over the numeric factor with most levels.

    One line per level of the next factor, light to dark, in panels per organ, method and level of any further
    factor. With a single factor there is one line per method, in panels per organ. References are dashed lines.
    """
    levels = factors(rows)
    x = max((name for name in levels if is_numeric(levels[name])), key=lambda name: len(levels[name]))
    others = [name for name in levels if name != x]
    variants, references = split_references(study_table(rows), levels)
    line = others[0] if others else "method"
    names = ["method", *others[1:]] if others else []
    styles = level_styles(levels[line]) if others else method_styles(variants["method"].unique())
    with style_context():
        columns, size = (3, NARROW) if names else (2, WIDE)
        figure, panels = panel_grid(variants, names, columns, size, MARGIN, x, "Dice")
        _set_scales(panels[0][0], levels[x], dice_limits(variants, references))
        # Only the last panel of an organ in each row has room for names at its right.
        last = {(axis.get_subplotspec().rowspan.start, organ): axis for axis, organ, _ in panels}
        for axis, organ, part in panels:
            for level, style in styles.items():
                _draw_line(axis, part[part[line] == level], x, level, style)
            across(axis, of_organ(references, organ), size, labelled=axis in last.values())
            axis.set_title(panel_title(organ, part, names))
        add_legend(figure, panels, styles, title=line if others else None)
    return figure


def level_styles(levels):
    """Return ``{level: colour and marker}`` from light to dark; numbers are put in their order."""
    ordered = sorted(levels, key=float) if is_numeric(levels) else levels
    colours = matplotlib.colormaps["viridis"](np.linspace(0.8, 0.0, len(ordered)))
    return {
        level: {"color": matplotlib.colors.to_hex(colour), "marker": MARKERS[place % len(MARKERS)]}
        for place, (level, colour) in enumerate(zip(ordered, colours, strict=True))
    }


def _set_scales(axis, levels, span):
    """Set the scales of all panels, which share their axes."""
    numbers = sorted(float(level) for level in levels)
    if numbers[0] > 0 and numbers[-1] / numbers[0] > LOG_RATIO:
        axis.set_xscale("log")
    axis.set_xticks(numbers, labels=sorted(levels, key=float))
    axis.set_xticks([], minor=True)
    axis.set_ylim(span)


def _draw_line(axis, part, x, label, style):
    part = part.assign(x=part[x].map(float)).sort_values("x")
    axis.plot(part["x"], part["dice_mean"], label=label, markersize=3.5, linewidth=1.2, **style)
    limits = part["dice_low"], part["dice_high"]
    axis.fill_between(part["x"], *limits, color=style["color"], alpha=0.15, linewidth=0)
