"""All figures of a report."""

from weakseg3d.evaluation.long_table import series_names
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.report.figures.break_even import break_even_figure
from weakseg3d.report.figures.case_panels import case_panels
from weakseg3d.report.figures.dice_boxplot import dice_boxplot
from weakseg3d.report.figures.overall_ranking import overall_ranking_figure
from weakseg3d.report.figures.overview import overview_figure
from weakseg3d.report.figures.pseudo_label_quality import pseudo_label_figure
from weakseg3d.report.figures.ranking_stability import ranking_figure
from weakseg3d.report.figures.reliability import measured_reliability, reliability_figure
from weakseg3d.report.figures.training_curves import training_figure
from weakseg3d.report.picture import picture_of
from weakseg3d.report.study.figure import study_figure
from weakseg3d.report.tables.measures import SHOWN

MAX_SERIES = 16
"""If a study has more methods than this, the box plot is left out of the page."""

CAPTIONS = {
    "overview": "Mean over test cases with its 95 % interval, against the annotator's effort. Methods of the same "
    "effort stand side by side, variants of different effort are joined. Dashed: no effort known in this unit.",
    "dice_boxplot": "Dice of every case. Box: quartiles and median; whiskers: 1.5 interquartile ranges; dots: cases, "
    "with a line joining those of one case and seed; crosses: missed organs. Cases without the organ are not shown.",
    "study": "Mean Dice. Bands or bars: its 95 % interval (Student's t over cases on a transformed scale, as in the "
    "main table; none for fewer than four cases). Dashed lines: references, which are methods outside the study. In "
    "dot plots, thin lines: the mean of each method at the level 'none'. In heatmaps, below the mean: the sample "
    "standard deviation over evaluations; outline: the best mean on each organ.",
    "ranking": "Ranking stability. Square: the rank of a method by its mean over all cases. Circles: the share of "
    "bootstrap resamples of the cases in which it has a rank, shown as the area of the circle.",
    "overall_ranking": "One ranking over all organs. Square: the rank of a method by its mean rank over organs. "
    "Circles: the share of bootstrap resamples of the cases, or of the organs, in which it has a rank. Lines separate "
    "groups: a method below a line is significantly worse than the first one above it.",
    "break_even": "Dice against effort. Points: methods that are paid once, at the effort of all their training scans, "
    "with the 95 % interval of the mean. Lines: methods that are paid per scan, at the effort of as many scans as the "
    "number at a marker says. Left of a point, a line costs less than training; right of it, training does. Dashed: "
    "methods that cost nothing, or whose effort has another unit.",
    "training": "Loss of every training over its steps, averaged over a fiftieth of them; one line per organ and seed. "
    "Each method has its own loss, so heights cannot be compared between panels.",
    "reliability": "Reliability: among voxels with a given foreground probability, the share that is organ, over all "
    "test cases and seeds, within the bounding box of prediction and reference widened by 10 mm, on the isotropic grid "
    "of the predictions. On the dashed line, the probability equals that share.",
    "pseudo_labels": "The pseudo label itself as the prediction, over its clicks and parameters. Bands or bars: 95 % "
    "intervals of the mean over cases.",
    "panels": "Worst, median and best case by the mean Dice over methods, with the Dice of each method on that case. "
    "Axial slice with the most reference; the patient's right is on the left.",
}
"""The text below a figure in the page."""


def all_figures(rows, tables, results=None, measures=SHOWN, scans_to_come=300, scans=True):
    """Return the figures of a report as ``{name: Picture}``.

    ``rows`` is the table that `read_metrics` returns, ``tables`` are its `Tables` of the ``measures``;
    ``scans_to_come`` is the number of new scans up to which an effort per scan is drawn. Without
    ``results``, a `Results`, there are no training curves, no reliability diagram and no panels of cases; the latter
    are also left out without ``scans``.
    """
    figures = {
        "overview": overview_figure(tables.numbers["overview"], measures[0]),
        "dice_boxplot": dice_boxplot(rows),
        "ranking": ranking_figure(tables.numbers["ranking"], tables.numbers["ranking_shares"]),
        "overall_ranking": overall_ranking_figure(
            tables.numbers["overall_ranking"], tables.numbers["overall_ranking_shares"]
        ),
    }
    if "study" in tables.numbers:
        figures["study"] = study_figure(rows)
    if "break_even" in tables.numbers:
        figures["break_even"] = break_even_figure(tables.numbers["effort_paid"], scans_to_come)
    figures["pseudo_labels"] = pseudo_label_figure(rows, measures)
    if results:
        figures["training"] = training_figure(results)
        figures["reliability"] = reliability_figure(measured_reliability(results))
    if results and scans:
        methods = methods_with_pictures(rows)
        for (dataset, organ), part in rows.groupby(["dataset", "organ"], sort=False):
            figures[f"panels/{dataset}/{organ}"] = case_panels(part, results, methods)
    return {
        name: picture_of(figure, name, CAPTIONS[name.partition("/")[0]])
        for name, figure in figures.items()
        if figure is not None
    }


def methods_with_pictures(rows):
    """Return the methods with pictures of cases: all but the variants of a study, which would be too many."""
    return [method for method in rows["method"].unique() if not variant_parts(method)[1]]


def pictures_on_page(pictures, rows):
    """Return those ``pictures`` that the page shows: all of them, unless a study makes the box plot too long."""
    if "study" in pictures and series_names(rows).nunique() > MAX_SERIES:
        return {name: picture for name, picture in pictures.items() if name != "dice_boxplot"}
    return pictures
