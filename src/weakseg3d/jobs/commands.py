"""The shell command of a job: a verb for the job's case, or for every case of its batch."""

import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from weakseg3d.annotations import ANNOTATIONS
from weakseg3d.cli import module_name
from weakseg3d.evaluation.metric_names import metric_modules
from weakseg3d.experiment.experiment import Experiment
from weakseg3d.experiment.method_schema import TRAINED, chosen_modules
from weakseg3d.experiment.people import People
from weakseg3d.jobs.code_hash import code_hash
from weakseg3d.perturbations import PERTURBATIONS
from weakseg3d.pseudo_labels import PSEUDO_LABELS

PREDICTING = ("predict", "segment", "validate")
"""Verbs that load the network of a model."""


class Commands:
    """Commands that run the verbs of the package in the folder ``source`` with ``python``, both as they are on disk."""

    def __init__(self, source: str | Path, python: str, experiment: Experiment):
        self.experiment = experiment
        self.start = f"PYTHONPATH={shlex.quote(str(source))} {shlex.quote(python)} -m weakseg3d"

    def verb(self, name: str, dataset: str = "") -> Callable[..., str]:
        """Return a function of a job (its wildcards, input and output) that gives the command of the verb ``name``.

        A rule for one ``dataset`` alone, which is no wildcard of it, names that here.

        Snakemake runs a job again when a param changes, unless the param is computed from the job's input or output:
        so another checkout, or another Python, runs nothing again.
        """
        return lambda wildcards, input, output: (
            f"{self.start} {self._each(name, wildcards, input, output, dataset)}{name}"
        )

    def verb_on_device(self, name: str) -> Callable[..., str]:
        """Return the same for a verb that works on a GPU of its own, or on none where the config says so."""
        if self.experiment.accelerator == "cpu":
            return lambda wildcards, input, output: (
                f"CUDA_VISIBLE_DEVICES= {self.start} {self._each(name, wildcards, input, output)}{name}"
            )
        return lambda wildcards, input, output: (
            f"{self.start}.jobs.devices {self._each(name, wildcards, input, output)}{name}"
        )

    def verb_on_programs_device(self, name: str, program: Callable[[Any], Mapping[str, Any]]) -> Callable[..., str]:
        """Return the same for a verb that needs a GPU only where the ``program`` of a job's wildcards says so."""
        return lambda wildcards, input, output: (
            self.verb_on_device(name)(wildcards, input, output)
            if program(wildcards)["gpus"]
            else self.verb(name)(wildcards, input, output)
        )

    @staticmethod
    def _peoples(people: People, cases: Iterable[str]) -> set[str]:
        return {path for case in cases for path in people.of_case(case)}

    def code(self, name: str) -> Callable[[Any], str]:
        """Return a function of a job's wildcards that gives the hash of the code behind its verb ``name``."""
        return lambda wildcards: code_hash(module_name(name), chosen_by(self.experiment, name, wildcards))

    def _each(self, name: str, wildcards: Any, read: Iterable[str], write: Iterable[str], dataset: str = "") -> str:
        """Return what makes a verb run for every case of a batch; nothing for a job of one case, or of none."""
        case = wildcards.get("case")
        if self.experiment.batch == "case" or case is None:
            return ""
        cases = self.experiment.cases_of(dataset or wildcards.dataset, case)
        if name == "collect":
            people = self.experiment.datasets[wildcards.dataset].people_of_part(wildcards.organ, wildcards.annotation)
            read = [*people.of_case(case), *(path for path in read if path not in self._peoples(people, cases))]
        if name == "adopt" and wildcards.get("method") in self.experiment.given():
            given = {self.experiment.given_mask(wildcards, each) for each in cases}
            pattern = self.experiment.given_mask(wildcards, case)
            read = [pattern, *(path for path in read if path not in given)]
        named = {"cases": cases, "read": read, "write": write, "name": [case], "code": [self.code(name)(wildcards)]}
        return "batch " + "".join(f"--{option} {shlex.join(words)} " for option, words in named.items())


def chosen_by(experiment: Experiment, verb: str, wildcards: Any) -> tuple[str, ...]:
    """Return the modules that ``verb`` loads by name in a job with these ``wildcards``, as the methods chose them."""
    if verb in ("evaluate", "report"):
        return metric_modules()
    if verb in ("annotate", "pseudolabel", "perturb"):
        return _kind_of(experiment, verb, wildcards)
    parts = {"train": TRAINED, "distill": TRAINED, **dict.fromkeys(PREDICTING, ("network",))}.get(verb, ())
    if not parts:
        return ()
    methods = experiment.trained_for(wildcards.method)
    return tuple(sorted({module for method in methods for module in chosen_modules(experiment.methods[method], parts)}))


def _kind_of(experiment: Experiment, verb: str, wildcards: Any) -> tuple[str, ...]:
    """Return the module of the annotation, pseudo label or perturbation that a path part names."""
    if verb == "annotate":
        entry = ANNOTATIONS.choice(experiment.annotations()[wildcards.annotation]).entry
    elif verb == "perturb":
        entry = PERTURBATIONS.choice(experiment.perturbations()[wildcards.perturbation]).entry
    else:
        entry = PSEUDO_LABELS.choice(experiment.pseudo_labels()[wildcards.pseudo_label]).entry
    return (entry.module,) if entry.module else ()
