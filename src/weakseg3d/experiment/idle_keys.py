"""Keys of a method that have no effect beside its other choices, which are refused unless they have their default.

A setting without effect hides a mistake: two methods that differ only in it are the same method under two names.

Three kinds of keys without effect are allowed. Studies cross ``target.form: hard`` with losses that threshold the
target themselves, since PW4MedSeg's published table of components does. The loss of a distillation, which only selects
the best students, is the first stage's with all of its weights. An annotation may have clicks that one of the
pseudo labels does not use, so that methods can be compared at equal effort.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError
from weakseg3d.experiment.label_kinds import label_kind
from weakseg3d.experiment.method_schema import method_schema
from weakseg3d.experiment.mixture import shares_of
from weakseg3d.networks import NETWORKS, is_stochastic
from weakseg3d.registry.parameters import ForDivergence
from weakseg3d.regularisers import regulariser


def check_idle_keys(method: Mapping[str, Any], source: str | Path) -> None:
    """Raise a UserError, naming ``source``, for a key of a trained ``method`` that has no effect."""
    target, network = method["target"], method.get("network")
    if method["supervision"] == "dense":
        check_dense_keys(method, source)
        soft, labels = False, "dense masks, which have"
    else:
        shares = [share for share in shares_of(method).values() if share["supervision"] == "weak"]
        used = [label_kind(share["pseudo_label"]) for share in shares]
        soft, labels = any(label.soft for label in used), f"pseudo label '{used[-1].name}', which has"
    if not soft:
        for key in target:
            _refuse(method, ("target", key), f"on {labels} no values between 0 and 1", source)
    _check_regularisers(method, source)
    if network is None and not method["distillation"]["cross_weight"]:
        _refuse(method, ("distillation", "temperature"), "with distillation.cross_weight 0", source)
    _check_training_keys(method, source)
    if method["selection"] == "last":
        _refuse(method, ("training", "validations"), "with 'selection: last', which compares no states", source)


def _check_training_keys(method: Mapping[str, Any], source: str | Path) -> None:
    training = method["training"]
    share, augmentation = training["foreground_share"], training["augmentation"]
    if share in (1, "none"):
        reason = f"with training.foreground_share {share}, which centres no patches on background"
        _refuse(method, ("training", "image_threshold"), reason, source)
    for kind in ("scale", "shift"):
        if not augmentation[f"{kind}_intensity"]:
            reason = f"with training.augmentation.{kind}_intensity 0"
            _refuse(method, ("training", "augmentation", f"{kind}_probability"), reason, source)
    counts_epochs = training["validations"] == "every_epoch" or training["schedule"].get("warmup_epochs")
    if "epochs" not in training and not counts_epochs:
        _refuse(method, ("training", "extra_steps_per_epoch"), "on a training that does not count epochs", source)


def check_passes(prediction: Mapping[str, Any], network: Mapping[str, Any], source: str | Path) -> None:
    """Raise a UserError, naming ``source``, for several passes of a ``network`` in which nothing is random."""
    if not is_stochastic(network):
        reason = f"on network {_described(network)}, whose passes are all equal"
        _refuse({"prediction": prediction}, ("prediction", "passes"), reason, source)


def check_controls_keys(method: Mapping[str, Any], source: str | Path) -> None:
    """Raise a UserError, naming ``source``, for a key of a control that only a trained method has."""
    control = method["control"]
    idle = ["network", "loss", "training", "distillation"] + ["pseudo_label"] * (control != "pseudo_label")
    for key in idle:
        if key in method:
            raise UserError(f"{source}: '{key}' has no effect on control '{control}'; remove it")
    reason = f"on control '{control}'"
    for key in ("normalisation", "clipping", "selection"):
        _refuse(method, (key,), reason, source)
    for key in method["target"]:
        _refuse(method, ("target", key), reason, source)
    for key in method["prediction"]:
        if key != "threshold" or control != "pseudo_label":
            _refuse(method, ("prediction", key), reason, source)


def check_foreign_keys(method: Mapping[str, Any], source: str | Path) -> None:
    """Raise a UserError, naming ``source``, for a key without effect on a method outside this package."""
    kind = "external" if "external" in method else "predictions"
    idle = ["network", "loss", "training", "distillation"] + ["pseudo_label"] * (kind == "predictions")
    for key in idle:
        if key in method:
            raise UserError(f"{source}: '{key}' has no effect beside '{kind}'; remove it")
    reason = f"beside '{kind}'"
    for key in ("normalisation", "clipping", "selection", "regularisers"):
        _refuse(method, (key,), reason, source)
    for part in ("target", "prediction"):
        for key in method[part]:
            _refuse(method, (part, key), reason, source)
    if kind == "predictions" and method["images"]:
        raise UserError(f"{source}: 'images' has no effect {reason}; remove it")


def check_untrained_keys(method: Mapping[str, Any], source: str | Path) -> None:
    """Raise a UserError, naming ``source``, for a key of training in a method whose program is not trained."""
    reason = "without external.train"
    idle = ["pseudo_label"] * ("pseudo_label" in method) + ["images.train"] * ("train" in method["images"])
    if idle:
        raise UserError(f"{source}: '{idle[0]}' has no effect {reason}; remove it")
    _refuse(method, ("external", "resume"), reason, source)
    if "none" in method["annotation"]:
        _refuse(method, ("annotated_by",), "without an annotation", source)


def _check_regularisers(method: Mapping[str, Any], source: str | Path) -> None:
    """Raise a UserError for a weight that cannot act, and for a parameter of a regulariser that is switched off."""
    network, terms = method.get("network"), method["regularisers"]
    of_noise = [name for name, settings in terms.items() if regulariser(name, settings).entry.takes("divergence")]
    for name, settings in terms.items():
        place = ("regularisers", name)
        if network is None:
            reason = "in a distillation, whose loss only selects the best students"
            _refuse(method, (*place, "ramp_up"), reason, source)
            if name in of_noise:
                _refuse(method, (*place, "weight"), reason, source)
        elif name in of_noise and not is_stochastic(network):
            reason = f"on network {_described(network)}, which has no KL divergence"
            _refuse(method, (*place, "weight"), reason, source)
        if not settings["weight"]:
            for key in settings.keys() - {"weight"}:
                _refuse(method, (*place, key), f"with {'.'.join(place)}.weight 0", source)
    if network is not None and not any(terms[name]["weight"] for name in of_noise):
        choice = NETWORKS.choice(network)
        inside = () if "file" in network else (choice.entry.name,)
        for name, parameter in choice.entry.parameters.items():
            if parameter.note(ForDivergence):
                reason = "without a regulariser of the KL divergence"
                _refuse(method, ("network", *inside, name), reason, source)


def check_dense_keys(method: Mapping[str, Any], source: str | Path) -> None:
    """Raise a UserError, naming ``source``, for a weak label of a method that learns from whole masks."""
    if "pseudo_label" in method:
        raise UserError(f"{source}: 'pseudo_label' has no effect with dense supervision; remove it")
    if "none" not in method["annotation"]:
        raise UserError(f"{source}: an annotation has no effect with dense supervision; set it to 'none: {{}}'")
    _refuse(method, ("annotated_by",), "with dense supervision", source)


def _described(network: Mapping[str, Any]) -> str:
    name = NETWORKS.choice(network).entry.name
    return f"'{name}' with deterministic attention" if name == "ptn" else f"'{name}'"


def _refuse(method: Mapping[str, Any], keys: Sequence[str], reason: str, source: str | Path) -> None:
    """Raise a UserError if the value at ``keys`` exists and differs from its default, as ``reason`` makes it idle.

    What has no default must be 0.
    """
    value, rules = method, method_schema(method)
    for key in keys:
        if key not in value:
            return
        value, rules = value[key], rules["properties"].get(key, {})
    default = rules.get("default", 0)
    if value != default:
        raise UserError(
            f"{source}: {'.'.join(keys)} {value} has no effect {reason}; remove it, set it to its default {default},"
            " or change the other"
        )
