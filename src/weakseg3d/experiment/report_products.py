"""What the report of an experiment consists of: its tables and figures, by name."""

from weakseg3d.experiment.annotator_pairs import pairs
from weakseg3d.experiment.effort_factor import dense_references, effort_factor
from weakseg3d.experiment.experiment import Experiment
from weakseg3d.experiment.payment_times import has_both
from weakseg3d.experiment.supervision import has_networks_to_compare, network_and_supervision
from weakseg3d.experiment.variants import variant_parts


def readable_tables(experiment: Experiment) -> list[str]:
    """Return the tables made for reading: each as CSV, Markdown and LaTeX."""
    names = ["overview", "main", "main_wide", "against_best", "ranking", "overall_ranking"]
    names += ["study"] * has_variants(experiment)
    names += ["tried"] * bool(experiment.selection)
    names += ["networks"] * _has_networks_to_compare(experiment)
    names += ["annotators"] * bool(pairs(experiment))
    names += ["effort_for"] * _has_effort_curves(experiment)
    names += ["break_even"] * _has_both_payments(experiment)
    names += ["published"] * bool(experiment.report["published"])
    names += ["uncertainty", "risk_coverage"] * _is_uncertain(experiment)
    names += ["cost/cost"] * any(map(experiment.is_trained, experiment.methods))
    return names


def other_tables(experiment: Experiment) -> list[str]:
    """Return the tables that are CSV alone."""
    names = ["statistics", "variance", "comparisons", "ranking_shares", "overall_ranking_shares", "metric_agreement"]
    return names + ["study_wide"] * has_variants(experiment) + ["effort_paid"] * _has_both_payments(experiment)


def figures(experiment: Experiment) -> list[str]:
    """Return the figures of the whole experiment."""
    names = ["overview", "dice_boxplot", "ranking", "overall_ranking"] + ["study"] * has_variants(experiment)
    names += ["break_even"] * _has_both_payments(experiment)
    names += ["training"] * _has_losses(experiment) + ["pseudo_labels"] * has_variants(experiment, "pseudo_label")
    return names + ["reliability"] * _is_uncertain(experiment)


def panels(experiment: Experiment) -> list[str]:
    """Return the figures of cases: one for each organ of each dataset."""
    return [f"panels/{name}/{organ}" for name, entry in experiment.datasets.items() for organ in entry.organs]


def has_variants(experiment: Experiment, base: str | None = None) -> bool:
    """Return whether any method is a variant of a study, or a variant of ``base``."""
    parts = [variant_parts(name) for name in experiment.shown]
    return any(levels and base in (None, name) for name, levels in parts)


def _has_effort_curves(experiment: Experiment) -> bool:
    """Return whether a study has the annotator's effort as a factor, and full supervision beside it."""
    cells = [(cell.method, cell.annotation) for cell in experiment.cells()]
    return bool(effort_factor(cells) and dense_references(cells))


def _has_networks_to_compare(experiment: Experiment) -> bool:
    """Return whether two methods learn from the same with different networks."""
    return has_networks_to_compare(network_and_supervision(name, experiment.methods[name]) for name in experiment.shown)


def _has_both_payments(experiment: Experiment) -> bool:
    """Return whether some method is paid for per scan, and another one once or never."""
    return has_both(experiment.paid(name) for name in experiment.shown)


def _has_losses(experiment: Experiment) -> bool:
    """Return whether any training records its losses; a program of somebody else's does not."""
    return any(experiment.is_trained(name) and not experiment.is_external(name) for name in experiment.methods)


def _is_uncertain(experiment: Experiment) -> bool:
    return any(map(experiment.has_uncertainty, experiment.methods))
