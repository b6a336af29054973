"""One axial slice of one case next to its uncertainty: image, contours, entropy and variance."""

from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from weakseg3d.report.figures.overlays import contour_handles, draw_contours, draw_image, shown_slice, turned_array

PANEL = 1.45
"""Width of a panel in inches: four panels with their colour bars fit two columns of a journal, and every figure has the
same scale."""

MARGIN, GAP = 0.06, 0.07
"""Inches at the border of the figure, and between two panels."""

BAR, BAR_GAP, BAR_TEXT = 0.07, 0.04, 0.36
"""Inches: width of a colour bar, its distance from its panel, and room for its numbers and its unit."""

HEAD, FOOT = 0.40, 0.24
"""Inches for the title and the names of the panels above, and for the legend below."""

FONT_SIZE = 7
"""Size of all text in points; numbers are one point smaller."""

THICKNESS = 0.6
"""Share of an overlay's line width that suits the smaller panels."""

COLOURS = "magma"
"""Perceptually uniform, with certain voxels as black as the background of an image."""

SATURATED = 99.5
"""Percentile of the slice at which the scale of the variance ends; else a few voxels would leave the rest black."""

DPI = 300
"""Resolution for print; the page shows these pictures at half of it."""


@dataclass(frozen=True)
class Map:
    """A map of uncertainty: the name above its panel, and its unit next to the colour bar."""

    heading: str
    unit: str


MAPS = {"entropy": Map("entropy", "bit"), "variance": Map("variance", "probability²")}


def uncertainty_figure(image, reference, prediction, maps, title="", window=None):
    """Return the figure of one case: the slice of `overlay_figure`, the same slice with contours, and its uncertainty.

    The first three arguments are SimpleITK volumes on one grid, as is each of ``maps``, ``{"entropy": bits,
    "variance": ...}``. The scale of the entropy is 0 to 1 bit; that of the variance is 0 to the percentile `SATURATED`
    of the slice, or to its largest value if that percentile is 0. A variance that is 0 everywhere, as for a
    deterministic network, has no panel.
    """
    shown = shown_slice(image, reference, prediction, window)
    volumes = {name: turned_array(maps[name]) for name in MAPS}
    if not volumes["variance"].any():
        del volumes["variance"]

    rows, columns = shown.grey.shape
    height = PANEL * rows * shown.aspect / columns
    bar_room = BAR_GAP + BAR + BAR_TEXT
    number = 2 + len(volumes)
    width = 2 * MARGIN + number * PANEL + (number - 1) * GAP + len(volumes) * bar_room
    figure = Figure(figsize=(width, HEAD + height + FOOT))
    FigureCanvasAgg(figure)

    def axes_at(left, axes_width):
        total = HEAD + height + FOOT
        return figure.add_axes((left / width, FOOT / total, axes_width / width, height / total))

    picture, contours = (axes_at(MARGIN + place * (PANEL + GAP), PANEL) for place in range(2))
    for axes, name in ((picture, "image"), (contours, "contours")):
        draw_image(axes, shown)
        axes.set_title(name, fontsize=FONT_SIZE, pad=3)
    draw_contours(contours, shown, THICKNESS)
    # A contour that is closed beyond the border must not shrink its panel.
    contours.set(xlim=picture.get_xlim(), ylim=picture.get_ylim())

    left = MARGIN + 2 * (PANEL + GAP)
    for name, volume in volumes.items():
        values = volume[shown.place]
        top = 1.0 if name == "entropy" else np.percentile(values, SATURATED) or values.max() or volume.max()
        axes = axes_at(left, PANEL)
        colours = axes.imshow(values, cmap=COLOURS, vmin=0, vmax=top, aspect=shown.aspect)
        axes.set_axis_off()
        axes.set_title(MAPS[name].heading, fontsize=FONT_SIZE, pad=3)
        bar_axes = axes_at(left + PANEL + BAR_GAP, BAR)
        bar = figure.colorbar(colours, cax=bar_axes, extend="max" if values.max() > top else "neither")
        _style_bar(bar, MAPS[name].unit)
        left += PANEL + bar_room + GAP

    caption = f"{title}, {shown.caption}" if title else shown.caption
    top_left = MARGIN / width, 1 - MARGIN / (HEAD + height + FOOT)
    figure.text(*top_left, caption, fontsize=FONT_SIZE + 1, va="top", ha="left")
    figure.legend(
        handles=contour_handles(shown.masks, THICKNESS),
        loc="lower center",
        bbox_to_anchor=((MARGIN + PANEL * 1.5 + GAP) / width, 0),
        ncols=2,
        fontsize=FONT_SIZE,
        frameon=False,
        handlelength=2.4,
        columnspacing=1.2,
        borderpad=0.3,
    )
    return figure


def _style_bar(bar, unit):
    """Set the numbers, the lines and the unit of a colour bar."""
    bar.locator = MaxNLocator(nbins=4)
    bar.formatter = ScalarFormatter(useMathText=True)
    bar.formatter.set_powerlimits((-2, 2))
    bar.outline.set_linewidth(0.4)
    bar.ax.tick_params(labelsize=FONT_SIZE - 1, width=0.4, length=2, pad=1.5)
    bar.ax.yaxis.get_offset_text().set_fontsize(FONT_SIZE - 1)
    bar.set_label(unit, fontsize=FONT_SIZE, labelpad=2)
