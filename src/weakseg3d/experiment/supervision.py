"""What a network learns from, apart from the network itself: two methods with equal supervision compare networks."""

from collections.abc import Iterable, Mapping
from typing import Any

from weakseg3d.experiment.choices import named_program
from weakseg3d.experiment.label_kinds import EXTERNAL
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.regularisers import regulariser

LABELS = ("supervision", "annotation", "annotated_by", "pseudo_label", "target", "loss")
"""Keys of a method that say what its network learns from, beside the regularisers."""


def network_and_supervision(name: str, method: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``network``, a checked method's choice of one, and ``supervision``, what this network learns from.

    The supervision holds those of `LABELS` that the method has, and the ``regularisers`` in use but those of the
    network's own noise. The length of a training, its optimiser and the stochastic passes are tuned to a network and
    belong to neither. The result is empty where the two cannot be told apart or are asked about elsewhere: for
    controls, programs of others, distillations, mixed supervision, perturbed images and variants of a study, which
    ``name`` shows.
    """
    if "network" not in method or "mixed" in method or method["images"] or variant_parts(name)[1]:
        return {}
    terms = {
        term: settings
        for term, settings in sorted(method["regularisers"].items())
        if settings["weight"] and not regulariser(term, settings).entry.takes("divergence")
    }
    labels = {key: method[key] for key in LABELS if key in method}
    if EXTERNAL in labels.get("pseudo_label", {}):
        labels["pseudo_label"] = named_program(labels["pseudo_label"][EXTERNAL])
    return {"network": method["network"], "supervision": labels | {"regularisers": terms}}


def has_networks_to_compare(methods: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether any two ``methods``, as `network_and_supervision` describes them, differ in the network alone."""
    known = [method for method in methods if method.get("network")]
    return any(
        first["supervision"] == second["supervision"] and first["network"] != second["network"]
        for place, first in enumerate(known)
        for second in known[:place]
    )
