"""Settings of a study's methods that are tried alike, and one of which the validation cases choose.

A *setting* is one combination of the levels of a method's keys under ``study.select.settings``. Each of them, for each
variant of the method, is a variant of its own with further levels, a *trial*: ``paseg+clicks-7+threshold-0.2``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from weakseg3d.annotations import ANNOTATIONS
from weakseg3d.errors import UserError
from weakseg3d.experiment.method_schema import method_schema
from weakseg3d.experiment.people import ANYBODY
from weakseg3d.schemas import choose, validated
from weakseg3d.words import counted

KNOWN_VOXELS = {"points": "points", "seven-points": "points", "slices": "slices", "scribbles": "scribbles"}
"""Annotations that tell the class of some voxels, and the pseudo label that holds exactly those voxels."""

GIVEN = ("supervision", "annotation", "annotated_by", "mixed", "images", "selection")
"""What a method is given, masks that select its state among it. A setting may change anything else, so that all trials
of a variant cost the same effort."""


@dataclass(frozen=True)
class Selection:
    """Which trials every selected variant has, and what the validation cases that choose among them are annotated with.

    ``trials`` is ``{variant: (trial, ...)}`` in the order of the config. ``share`` says of the validation cases what a
    method says of its training cases: supervision and, if it is weak, annotation and pseudo label.
    """

    trials: Mapping[str, tuple[str, ...]]
    share: Mapping[str, Any]


def settings_of(study: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """Return ``{method: settings}``, each setting as ``{key: level}``; empty for a study that selects nothing.

    Raises UserError for unknown methods, keys that are factors of the study as well, methods without settings or with
    another number of them than the others, and a single setting, which leaves no choice.
    """
    if "select" not in study:
        return {}
    tried = study["select"]["settings"]
    for method, keys in tried.items():
        choose(method, study["methods"], "method in 'study.select.settings'")
        for key in keys:
            if key in study["factors"]:
                raise UserError(
                    f"'study.select.settings.{method}.{key}' is also a factor of the study; rename one of the two"
                )
    settings = {
        method: [dict(zip(keys, levels, strict=True)) for levels in product(*keys.values())]
        for method, keys in ((method, tried.get(method, {})) for method in study["methods"])
    }
    _check_numbers({method: len(found) if method in tried else 0 for method, found in settings.items()})
    return settings


def _check_numbers(numbers: Mapping[str, int]) -> None:
    first, *others = numbers
    for method in others:
        if numbers[method] != numbers[first]:
            raise UserError(
                f"'study.select.settings' in the config tries {counted(numbers[first], 'setting')} of '{first}' and"
                f" {counted(numbers[method], 'setting')} of '{method}'; give every method of the study as many"
            )
    if numbers[first] == 1:
        raise UserError("'study.select.settings' in the config tries one setting of each method; name at least two")


def check_settings(variant: str, base: Mapping[str, Any], trials: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise UserError for ``trials``, ``{trial: method}``, that cannot be compared fairly with ``base``, their variant.

    These are trials of a method that is not trained here, a trial that is given something else than its variant, and
    two trials that are the same, as a method would then be tried with fewer settings than it seems.
    """
    if any(key in base for key in ("control", "external", "predictions")):
        raise UserError(
            f"'study.select' in the config cannot choose a setting of '{variant}', which is not trained by this"
            " package; take the method out of the study"
        )
    seen: dict[str, Mapping[str, Any]] = {}
    for trial, method in trials.items():
        for key in GIVEN:
            if method.get(key) != base.get(key):
                raise UserError(
                    f"'study.select.settings' in the config changes '{key}' in trial '{trial}'; what a method is given"
                    " is no setting: make it a factor of the study"
                )
        same = next((other for other, content in seen.items() if content == method), None)
        if same:
            raise UserError(
                f"'study.select.settings' in the config tries the same setting twice, as '{same}' and as '{trial}';"
                " change one of them"
            )
        seen[trial] = method


def validation_share(select: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``study.select`` says of the validation cases, as `Selection.share` holds it.

    Raises UserError for an annotation that does not tell the class of any voxel, or not that of the background.
    """
    if select["labels"] == "dense":
        return {"supervision": "dense", "annotation": {"none": {}}, "annotated_by": ANYBODY}
    rules = {"type": "object", "properties": {"annotation": method_schema()["properties"]["annotation"]}}
    content = validated({"annotation": select["annotation"]}, rules, "'study.select' in the config")
    chosen = content["annotation"]
    ((kind, _),) = chosen.items()
    if kind not in KNOWN_VOXELS:
        raise UserError(
            f"'study.select.annotation' in the config is '{kind}', which tells of no voxel what it is; use"
            f" {', '.join(KNOWN_VOXELS)}, or 'labels: dense'"
        )
    choice = ANNOTATIONS.choice(chosen)
    choice.entry.check_rules(choice.values, "the config", f"study.select.annotation.{kind}")
    if kind == "points" and not choice.entry.with_defaults(choice.values)["background"]:
        raise UserError(
            "'study.select.annotation' in the config has no clicks on the background, without which the largest mask"
            " wins; add 'background: 10'"
        )
    known: dict[str, Any] = {"pseudo_label": {KNOWN_VOXELS[kind]: {}}}
    return {"supervision": "weak", "annotation": chosen, "annotated_by": ANYBODY} | known


def check_validation_cases(datasets: Iterable[tuple[str, Any]]) -> None:
    """Raise UserError for a dataset, of ``(name, Dataset)``, without validation cases, which are to choose."""
    for name, dataset in datasets:
        if not dataset.cases("validation"):
            raise UserError(
                f"{dataset.split_path}: 'study.select' in the config chooses by validation cases, but no case of"
                f" '{name}' is marked 'validation'; mark some"
            )
