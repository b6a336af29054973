"""What each wildcard of the workflow may stand for: the names that an experiment has, and nothing else."""

import re
from collections.abc import Iterable

from weakseg3d.datasets.description import PARTS
from weakseg3d.experiment.experiment import Experiment


def wildcard_patterns(experiment: Experiment) -> dict[str, str]:
    """Return ``{wildcard: regular expression}`` of all wildcards that mean the same in every rule."""
    organs = {organ for dataset in experiment.datasets.values() for organ in dataset.organs}
    return {
        "experiment": re.escape(experiment.name),
        "dataset": any_of(experiment.datasets),
        "organ": any_of(organs),
        "case": r"[^/]+" if experiment.batch == "case" else f"@(?:{any_of(PARTS)})",
        "kind": "image|label",
        "annotation": any_of({"dense", "none", *experiment.annotations(), *experiment.mixtures()}),
        "pseudo_label": any_of(experiment.pseudo_labels()),
        "perturbation": any_of(experiment.perturbations()),
        "method": any_of(experiment.methods),
        "seed": r"\d+",
    }


def any_of(names: Iterable[str]) -> str:
    """Return a regular expression that matches exactly ``names``; Snakemake wants one even for none."""
    return "|".join(re.escape(name) for name in sorted(names)) or "none"
