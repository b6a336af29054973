"""Ranking stability: how often a resample of the cases gives a method which rank."""

import matplotlib
import seaborn as sns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from weakseg3d.report.figures.style import COLUMN_WIDTH, STYLE
from weakseg3d.report.tables.comparisons import TITLES
from weakseg3d.report.tables.gaps import ORGAN
from weakseg3d.report.tables.latex import section

MOST = 16
"""Methods and ranks shown; further ones are in the table."""

CELL, LETTER = 0.2, 0.06
"""Height of a method's line and width of a letter of its name, in inches."""

LARGEST = 90
"""Area in square points of a circle of share 1."""

CIRCLE = {"color": "#0072b2", "linewidth": 0, "zorder": 3}
FULL = {"facecolor": "none", "edgecolor": "#000000", "marker": "s", "s": LARGEST * 1.4, "linewidth": 0.7, "zorder": 4}


def ranking_figure(ranks, shares):
    """Return a figure with one panel per organ and metric: a line per method, best on top, a circle per rank.

    ``ranks`` and ``shares`` are what `weakseg3d.statistics.ranking.ranking` returns. A circle's area is the share of
    resamples in which the method has that rank; the square is its rank with all cases. Where there are too few cases
    to resample only the squares stand.
    """
    panels = list(ranks.dropna(subset="rank").groupby([*ORGAN, "metric"], sort=False))
    organs = list(dict.fromkeys(key[:3] for key, _ in panels))
    metrics = list(dict.fromkeys(key[3] for key, _ in panels))
    size = min(MOST, max((len(part) for _, part in panels), default=1))
    names = LETTER * max((len(name) for name in ranks["series"]), default=0)
    with matplotlib.rc_context({**sns.axes_style("ticks"), **STYLE, "axes.linewidth": 0.6}):
        width = max(COLUMN_WIDTH, (names + 0.5 + CELL * size) * max(1, len(metrics)))
        height = 0.35 + (0.75 + CELL * max(3, size)) * max(1, len(organs))
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(max(1, len(organs)), max(1, len(metrics)), squeeze=False)
        for axis in axes.ravel():
            axis.set_visible(False)
        for key, part in panels:
            axis = axes[organs.index(key[:3]), metrics.index(key[3])]
            of_panel = shares[(shares[[*ORGAN, "metric"]] == list(key)).all(axis="columns")]
            _draw(axis, part.sort_values("rank", kind="stable").head(MOST), of_panel)
            axis.set_title(f"{section(key[:3])}\n{TITLES.get(key[3], key[3])}", loc="left")
        for axis in axes[-1]:
            axis.set_xlabel("rank")
    return figure


def _draw(axis, ranks, shares):
    """Draw the methods of one ranking, best first."""
    axis.set_visible(True)
    order = list(ranks["series"])
    shown = shares[shares["series"].isin(order) & (shares["rank"] <= MOST) & (shares["share"] > 0)]
    if len(shown):
        axis.scatter(shown["rank"], shown["series"].map(order.index), s=LARGEST * shown["share"], **CIRCLE)
    axis.scatter(ranks["rank"], range(len(order)), **FULL)
    axis.set_yticks(range(len(order)), labels=order)
    axis.set_xticks(range(1, len(order) + 1))
    axis.set(xlim=(0.4, len(order) + 0.6), ylim=(len(order) - 0.4, -0.6))
    axis.grid(color="#dddddd", linewidth=0.5)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
