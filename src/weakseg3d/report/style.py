"""The common look of the figures: sizes, fonts, and the colours and markers of methods."""

import matplotlib
import seaborn as sns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLUMN_WIDTH = 3.5
"""Width of a journal's column in inches."""

PAGE_WIDTH = 2 * COLUMN_WIDTH
"""Width of two of a journal's columns in inches; the figures of a study and of cases are no wider."""

FONTS = {"font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "svg.hashsalt": "weakseg3d", "hatch.linewidth": 0.4}

METHOD_STYLES = (
    {"color": "#0072b2", "marker": "o"},
    {"color": "#d55e00", "marker": "s"},
    {"color": "#009e73", "marker": "^"},
    {"color": "#cc79a7", "marker": "D"},
    {"color": "#56b4e9", "marker": "v"},
    {"color": "#e69f00", "marker": "P"},
    {"color": "#000000", "marker": "X"},
)
"""Okabe and Ito's colours, which readers with any kind of colour vision can tell apart, with markers for greyscale."""

MARKERS = [style["marker"] for style in METHOD_STYLES]


def style_context():
    """Return the context in which figures with ticks and thin axes are drawn."""
    return matplotlib.rc_context({**sns.axes_style("ticks"), **FONTS, "axes.linewidth": 0.6})


def grid_context():
    """Return the context in which figures with a white grid are drawn."""
    return matplotlib.rc_context({**sns.axes_style("whitegrid"), **FONTS})


def new_figure(width, height, layout="constrained"):
    """Return an empty figure of this size in inches that can be drawn without a display."""
    figure = Figure(figsize=(width, height), layout=layout)
    FigureCanvasAgg(figure)
    return figure


def method_styles(methods):
    """Return ``{method: colour and marker}``; styles repeat if there are more than 7 methods."""
    return {name: METHOD_STYLES[place % len(METHOD_STYLES)] for place, name in enumerate(methods)}
