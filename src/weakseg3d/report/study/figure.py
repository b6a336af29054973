"""The study's figure: budget curves, a dot plot or heatmaps, whichever fits its factors."""

from weakseg3d.report.study.curves import curves, is_numeric
from weakseg3d.report.study.dots import dots
from weakseg3d.report.study.heatmaps import heatmaps
from weakseg3d.report.study.table import factors


def study_figure(rows):
    """Return the figure of the study in ``rows``, which is what `read_metrics` returns and holds variants.

    A study whose first factor is numeric gives curves, any other one a dot plot when it has one factor, and
    heatmaps when it has more.
    """
    first, *others = factors(rows).values()
    if is_numeric(first):
        return curves(rows)
    return heatmaps(rows) if others else dots(rows)
