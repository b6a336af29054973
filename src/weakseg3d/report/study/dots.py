"""A dot plot: Dice at every level of one factor, such as the ways of perturbing clicks."""

from weakseg3d.report.study.panels import Layout, add_legend, dice_limits, panel_grid, rows_of_organ, split_references
from weakseg3d.report.study.references import LEADER_LENGTH, draw_upright
from weakseg3d.report.study.table import factors, study_table
from weakseg3d.report.style import COLUMN_WIDTH, method_styles, style_context

UNPERTURBED = "none"
"""The level that the others are compared with; it comes first."""

DOT_HEIGHT = 0.085
"""Height in inches of a method's dot within a level."""

POINTS_PER_INCH = 72

LETTER_WIDTH = 0.054
"""Width in inches of a letter in the name of a reference."""


def dot_plot(rows):
    """Return a figure of mean Dice with its 95 % interval per level and method, in panels per organ.

    Thin lines mark the mean of each method at the level `UNPERTURBED`, dashed lines the references.
    """
    ((factor, levels),) = factors(rows).items()
    levels = sorted(levels, key=lambda level: level != UNPERTURBED)
    variants, references = split_references(study_table(rows), [factor])
    styles = method_styles(variants["method"].unique())
    height = DOT_HEIGHT * len(levels) * (len(styles) + 1)
    names = LEADER_LENGTH + LETTER_WIDTH * references["method"].str.len().max() if len(references) else 0.0
    with style_context():
        layout = Layout(2, (COLUMN_WIDTH, height + names + 0.4), (0.0, 0.5), "Dice", factor)
        figure, panels = panel_grid(variants, layout)
        _set_scales(panels[0].axes, levels, dice_limits(variants, references))
        for panel in panels:
            for place, (method, style) in enumerate(styles.items()):
                part = panel.variants[panel.variants["method"] == method]
                offset = (place - (len(styles) - 1) / 2) / (len(styles) + 1)
                heights = [levels.index(level) + offset for level in part[factor]]
                _draw_method(panel.axes, part, heights, style | {"label": method})
                for mean in part.loc[part[factor] == UNPERTURBED, "dice_mean"]:
                    panel.axes.axvline(mean, color=style["color"], linewidth=0.6, alpha=0.7, zorder=1)
            for border in range(len(levels) - 1):
                panel.axes.axhline(border + 0.5, color="#e6e6e6", linewidth=0.5, zorder=0)
            draw_upright(panel.axes, rows_of_organ(references, panel.organ), (0.8 * COLUMN_WIDTH, height))
            panel.axes.set_title(panel.title([]), pad=POINTS_PER_INCH * names + 4)
            panel.axes.tick_params(axis="y", length=0)
        add_legend(figure, panels, styles)
    return figure


def _set_scales(axes, levels, limits):
    """Set the scales of all panels, which share their axes; the first level is at the top."""
    axes.set_yticks(range(len(levels)), labels=levels)
    axes.set_ylim(len(levels) - 0.5, -0.5)
    axes.set_xlim(limits)


def _draw_method(axes, part, heights, style):
    mean = part["dice_mean"]
    axes.errorbar(
        mean,
        heights,
        # If all cases agree, an end of the interval may differ from the mean by rounding.
        xerr=((mean - part["dice_low"]).clip(lower=0), (part["dice_high"] - mean).clip(lower=0)),
        linestyle="",
        markersize=3.5,
        elinewidth=0.8,
        **style,
    )
