"""Ranking stability: how often a method has each rank when the cases are resampled."""

from weakseg3d.report.style import COLUMN_WIDTH, new_figure, style_context
from weakseg3d.report.tables.measures import measure
from weakseg3d.report.tables.readable import organ_title
from weakseg3d.statistics.cells import ORGAN

MAX_METHODS = 16
"""Methods and ranks shown; the table has the others."""

ROW_HEIGHT, LETTER_WIDTH = 0.2, 0.06
"""Height of a method's row and width of a letter of its name, in inches."""

LARGEST = 90
"""Area in square points of a circle for a share of 1."""

CIRCLE = {"color": "#0072b2", "linewidth": 0, "zorder": 3}
SQUARE = {"facecolor": "none", "edgecolor": "#000000", "marker": "s", "s": LARGEST * 1.4, "linewidth": 0.7, "zorder": 4}


def ranking_figure(ranks, shares):
    """Return a figure with one panel per organ and metric: a row per method, best at the top, a circle per rank.

    ``ranks`` and ``shares`` are the tables that `weakseg3d.statistics.ranking.ranking` returns. The area of a circle is
    the share of resamples in which the method has that rank; the square is its rank over all cases. With too few
    cases to resample, there are only squares.
    """
    panels = list(ranks.dropna(subset="rank").groupby([*ORGAN, "metric"], sort=False))
    organs = list(dict.fromkeys(tuple(organ) for (*organ, _), _ in panels))
    metrics = list(dict.fromkeys(metric for (*_, metric), _ in panels))
    size = min(MAX_METHODS, max((len(part) for _, part in panels), default=1))
    names = LETTER_WIDTH * max((len(name) for name in ranks["series"]), default=0)
    with style_context():
        width = max(COLUMN_WIDTH, (names + 0.5 + ROW_HEIGHT * size) * max(1, len(metrics)))
        height = 0.35 + (0.75 + ROW_HEIGHT * max(3, size)) * max(1, len(organs))
        figure = new_figure(width, height)
        grid = figure.subplots(max(1, len(organs)), max(1, len(metrics)), squeeze=False)
        for axes in grid.ravel():
            axes.set_visible(False)
        for (*organ, metric), part in panels:
            axes = grid[organs.index(tuple(organ)), metrics.index(metric)]
            panel_shares = shares[(shares[[*ORGAN, "metric"]] == [*organ, metric]).all(axis="columns")]
            draw_ranking(axes, part.sort_values("rank", kind="stable").head(MAX_METHODS), panel_shares)
            axes.set_title(f"{organ_title(organ)}\n{measure(metric).label}", loc="left")
        for axes in grid[-1]:
            axes.set_xlabel("rank")
    return figure


def draw_ranking(axes, ranks, shares):
    """Draw the methods of one ranking, best first."""
    axes.set_visible(True)
    order = list(ranks["series"])
    visible = shares[shares["series"].isin(order) & (shares["rank"] <= MAX_METHODS) & (shares["share"] > 0)]
    if len(visible):
        axes.scatter(visible["rank"], visible["series"].map(order.index), s=LARGEST * visible["share"], **CIRCLE)
    axes.scatter(ranks["rank"], range(len(order)), **SQUARE)
    axes.set_yticks(range(len(order)), labels=order)
    axes.set_xticks(range(1, len(order) + 1))
    axes.set(xlim=(0.4, len(order) + 0.6), ylim=(len(order) - 0.4, -0.6))
    axes.grid(color="#dddddd", linewidth=0.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
