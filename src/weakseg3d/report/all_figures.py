"""All figures of a report, as files and as the page shows them."""

from dataclasses import dataclass

from weakseg3d.evaluation.long_table import series_names
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.report.figures.case_panels import case_panels
from weakseg3d.report.figures.dice_boxplot import dice_boxplot
from weakseg3d.report.figures.pseudo_labels import pseudo_label_figure
from weakseg3d.report.figures.ranking import ranking_figure
from weakseg3d.report.figures.reliability import measured_reliability, reliability_figure
from weakseg3d.report.figures.style import picture_files
from weakseg3d.report.figures.training_curves import training_figure
from weakseg3d.report.study.figure import study_figure

MOST_SERIES = 16
"""With more methods than these, the page of a study leaves the box plot to its file."""


@dataclass(frozen=True)
class Picture:
    """A figure of the page: its name, its caption and its PNG."""

    name: str
    caption: str
    png: bytes


CAPTIONS = {
    "dice_boxplot": "Dice of every case. Box: quartiles and median; whiskers: 1.5 interquartile ranges; dots: cases, "
    "those of one case and seed joined by a line; crosses: missed organs. Cases without the organ are not shown.",
    "study": "Mean Dice. Bands or bars: its 95 % interval (bootstrap over cases, each with all seeds; none below three "
    "cases). Dashed lines: references, which are methods outside the study. In dot plots, thin lines: each "
    "method's mean at the level 'none'. In heatmaps, below the mean: the sample standard deviation over evaluations; "
    "outline: the best mean on each organ.",
    "ranking": "Ranking stability. Square: a method's rank by its mean over all cases; circles: the share of bootstrap "
    "resamples of the cases in which it has a rank, as the circle's area.",
    "training": "Loss of every training over its steps, averaged over a fiftieth of them; one line per organ and seed. "
    "Methods have losses of their own, so heights do not compare between panels.",
    "reliability": "Reliability: among voxels of a foreground probability, the share that is organ, over all test "
    "cases and seeds within the bounding box of prediction and reference widened by 10 mm, on the isotropic grid of "
    "the predictions. On the dashed line a probability means what it says.",
    "pseudo_labels": "The pseudo label itself as the prediction: what its clicks and parameters make of it. Bands or "
    "bars: 95 % intervals of the mean over cases.",
    "panels": "Worst, median and best case by the mean Dice over methods, with each method's Dice on that case. Axial "
    "slice with most reference; the patient's right is on the left.",
}
"""What the page says below a figure."""


def shown_methods(rows):
    """Return the methods whose pictures are shown: all but the variants of a study, which would be too many."""
    return [method for method in rows["method"].unique() if not variant_parts(method)[1]]


def figures(rows, ranking_tables, results=None):
    """Return the figures as ``{path: bytes}``, and as ``{name: Picture}`` for the page.

    ``rows`` is what `read_metrics` returns, ``ranking_tables`` the pair that `ranking` returns, ``results`` a `Results`
    or None, without which there are neither curves of trainings, nor reliability, nor panels.
    """
    drawn = {"dice_boxplot": dice_boxplot(rows), "ranking": ranking_figure(*ranking_tables)}
    if rows["method"].str.contains("+", regex=False).any():
        drawn["study"] = study_figure(rows)
    drawn["pseudo_labels"] = pseudo_label_figure(rows)
    if results:
        drawn["training"] = training_figure(results)
        drawn["reliability"] = reliability_figure(measured_reliability(results))
        methods = shown_methods(rows)
        for (dataset, organ), part in rows.groupby(["dataset", "organ"], sort=False):
            drawn[f"panels/{dataset}/{organ}"] = case_panels(part, results, methods)
    files, pictures = {}, {}
    for name, figure in drawn.items():
        if figure is None:
            continue
        kind = name.partition("/")[0]
        of_figure = picture_files(name, figure)
        files |= of_figure
        pictures[name] = Picture(name, CAPTIONS[kind], of_figure[f"figures/{name}.png"])
    if series_names(rows).nunique() > MOST_SERIES and "study" in pictures:
        del pictures["dice_boxplot"]
    return files, pictures
