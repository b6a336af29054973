"""The ranking over all organs: ranks, how often a method has each rank in resamples, and groups."""

from weakseg3d.report.figures.ranking_stability import LETTER_WIDTH, MAX_METHODS, ROW_HEIGHT, draw_ranking
from weakseg3d.report.style import COLUMN_WIDTH, new_figure, style_context
from weakseg3d.report.tables.measures import measure

RESAMPLED = {"cases": "cases resampled", "organs": "organs resampled"}


def overall_ranking_figure(ranks, shares):
    """Return a figure with one row of panels per metric: cases resampled and, if there are enough, organs resampled.

    ``ranks`` and ``shares`` are the tables that `weakseg3d.statistics.overall_ranking.overall_ranking` returns. Lines
    separate groups of methods.
    """
    panels = list(ranks.dropna(subset="rank").groupby("metric", sort=False))
    kinds = [kind for kind in RESAMPLED if kind == "cases" or (shares["resampled"] == kind).any()]
    size = min(MAX_METHODS, max((len(part) for _, part in panels), default=1))
    names = LETTER_WIDTH * max((len(name) for name in ranks["series"]), default=0)
    with style_context():
        width = max(COLUMN_WIDTH, (names + 0.5 + ROW_HEIGHT * size) * len(kinds))
        height = 0.35 + (0.75 + ROW_HEIGHT * max(3, size)) * max(1, len(panels))
        figure = new_figure(width, height)
        grid = figure.subplots(max(1, len(panels)), len(kinds), squeeze=False)
        for axes in grid.ravel():
            axes.set_visible(False)
        for row, (metric, part) in zip(grid, panels, strict=False):
            part = part.sort_values("rank", kind="stable").head(MAX_METHODS)
            for axes, kind in zip(row, kinds, strict=True):
                draw_ranking(axes, part, shares[(shares["metric"] == metric) & (shares["resampled"] == kind)])
                axes.set_title(f"{measure(metric).title}\n{RESAMPLED[kind]}", loc="left")
                for position, (group, above) in enumerate(zip(part["group"][1:], part["group"], strict=False)):
                    if group != above and group == group:
                        axes.axhline(position + 0.5, color="#000000", linewidth=0.8)
        for axes in grid[-1]:
            axes.set_xlabel("rank")
    return figure
