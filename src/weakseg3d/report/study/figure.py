"""The figure of a study: budget curves, a dot plot or heatmaps, depending on its factors."""

from weakseg3d.experiment.effort_factor import is_numeric
from weakseg3d.report.study.budget_curves import budget_curves
from weakseg3d.report.study.dots import dot_plot
from weakseg3d.report.study.heatmaps import heatmaps
from weakseg3d.report.study.table import factors


def study_figure(rows):
    """Return the figure of the study in ``rows``, the table that `read_metrics` returns, which must contain variants.

    If the first factor is numeric, the figure shows curves. Otherwise it is a dot plot for one factor, and heatmaps for
    several.
    """
    first, *others = factors(rows).values()
    if is_numeric(first):
        return budget_curves(rows)
    return heatmaps(rows) if others else dot_plot(rows)
