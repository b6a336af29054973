"""A dot plot: Dice at every level of one factor, such as the ways of disturbing clicks."""

from weakseg3d.report.figures.style import COLUMN_WIDTH
from weakseg3d.report.study.panels import (
    add_legend,
    dice_limits,
    method_styles,
    of_organ,
    panel_grid,
    panel_title,
    split_references,
    style_context,
)
from weakseg3d.report.study.references import LEADER_LENGTH, upright
from weakseg3d.report.study.table import factors, study_table

UNDISTURBED = "none"
"""The level that the others are compared with; it stands first."""

DOT_HEIGHT = 0.085
"""Height in inches of a method's dot within a level."""

POINTS_PER_INCH = 72

LETTER = 0.054
"""Width in inches of a letter in a reference's name."""


def dots(rows):
    """Return a figure of mean Dice with its 95 % interval per level and method, in panels per organ.

    Thin lines mark each method's mean at the level `UNDISTURBED`, dashed ones the references.
    """
    ((factor, found),) = factors(rows).items()
    levels = sorted(found, key=lambda level: level != UNDISTURBED)
    variants, references = split_references(study_table(rows), [factor])
    styles = method_styles(variants["method"].unique())
    height = DOT_HEIGHT * len(levels) * (len(styles) + 1)
    names = LEADER_LENGTH + LETTER * references["method"].str.len().max() if len(references) else 0.0
    with style_context():
        figure, panels = panel_grid(variants, [], 2, (COLUMN_WIDTH, height + names + 0.4), (0.0, 0.5), "Dice", factor)
        _set_scales(panels[0][0], levels, dice_limits(variants, references))
        for axis, organ, part in panels:
            for place, (method, style) in enumerate(styles.items()):
                offset = (place - (len(styles) - 1) / 2) / (len(styles) + 1)
                _draw_method(axis, part[part["method"] == method], factor, levels, offset, method, style)
            for border in range(len(levels) - 1):
                axis.axhline(border + 0.5, color="#e6e6e6", linewidth=0.5, zorder=0)
            upright(axis, of_organ(references, organ), (0.8 * COLUMN_WIDTH, height))
            axis.set_title(panel_title(organ, part, []), pad=POINTS_PER_INCH * names + 4)
            axis.tick_params(axis="y", length=0)
        add_legend(figure, panels, styles)
    return figure


def _set_scales(axis, levels, limits):
    """Set the scales of all panels, which share their axes; the first level is on top."""
    axis.set_yticks(range(len(levels)), labels=levels)
    axis.set_ylim(len(levels) - 0.5, -0.5)
    axis.set_xlim(limits)


def _draw_method(axis, part, factor, levels, offset, label, style):
    heights = [levels.index(level) + offset for level in part[factor]]
    mean = part["dice_mean"]
    axis.errorbar(
        mean,
        heights,
        # Where all cases agree, an end of the interval may miss the mean by rounding.
        xerr=((mean - part["dice_low"]).clip(lower=0), (part["dice_high"] - mean).clip(lower=0)),
        label=label,
        linestyle="",
        markersize=3.5,
        elinewidth=0.8,
        **style,
    )
    for mean in part.loc[part[factor] == UNDISTURBED, "dice_mean"]:
        axis.axvline(mean, color=style["color"], linewidth=0.6, alpha=0.7, zorder=1)
