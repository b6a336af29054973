"""What a recipe's choice of a pseudo label is: one of the registry, or a program of somebody else's."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from weakseg3d.annotations import ANNOTATIONS
from weakseg3d.pseudo_labels import PSEUDO_LABELS, accepted_annotations, is_soft, is_sparse

EXTERNAL = "external"
"""The choice of a program of somebody else's, to which the annotations are given (`weakseg3d.external`)."""


class LabelKind(NamedTuple):
    """What a recipe's choice of a pseudo label says of its volumes: neither soft nor sparse, they are masks."""

    name: str
    soft: bool
    sparse: bool
    annotations: tuple[str, ...]
    """The annotations that it can be made of."""


def label_kind(choice: Mapping[str, Any]) -> LabelKind:
    """Return the kind of the pseudo label that a recipe chose by ``choice``.

    Which annotations a program can use is for the program to say.
    """
    if EXTERNAL in choice:
        return LabelKind(choice[EXTERNAL]["name"], choice[EXTERNAL]["probabilities"], False, tuple(ANNOTATIONS.entries))
    label = PSEUDO_LABELS.choice(choice).entry
    return LabelKind(label.name, is_soft(label), is_sparse(label), accepted_annotations(label))
