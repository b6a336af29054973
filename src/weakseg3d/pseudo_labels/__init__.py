"""Training targets made from weak annotations, by their name in a recipe.

Soft targets are float32 in [0, 1]; sparse targets are uint8 label maps with 0 background, 1 organ and
`weakseg3d.images.labels.IGNORE` (2) where the class is unknown.

A file that defines a function of its own name is a pseudo label: ``box_core.py`` with ``box_core``, called
``box-core`` in recipes. Its result says which of the three types it is and what it is made of. It asks for what it
needs by the names of its arguments:

- ``targets`` (`weakseg3d.pseudo_labels.targets.Target`), the clicks;
- ``boxes`` (`weakseg3d.annotations.markups.Box`), drawn ones or those that seven points span;
- ``labels`` (z, y, x), the drawn map of 0, 1 and 2;
- ``grid``, an image of which only size and geometry count, or ``image``, with its intensities;
- ``note``, a function that takes a sentence on what the label could not be.

All other arguments are parameters of the recipe, and options of the verb. A function in a file of the user's says the
same of itself. Labels may also come from a program of somebody else's (`weakseg3d.experiment.label_kinds`).
"""

from weakseg3d.annotations import ANNOTATIONS
from weakseg3d.errors import UserError
from weakseg3d.registry.parameters import MadeOf, Mask, SoftLabel, SparseLabel
from weakseg3d.registry.registry import Entry, Registry


def accepted_annotations(label: Entry) -> tuple[str, ...]:
    """Return the annotations that a pseudo label can be made of."""
    return label.signature.returns.note(MadeOf).annotations


def is_soft(label: Entry) -> bool:
    """Return whether a pseudo label has values between 0 and 1."""
    return label.signature.returns.kind is SoftLabel


def is_sparse(label: Entry) -> bool:
    """Return whether some voxels of a pseudo label are unknown."""
    return label.signature.returns.kind is SparseLabel


def sparse_kinds() -> list[str]:
    """Return the names of the pseudo labels of this package in which some voxels are unknown."""
    return [name for name, entry in PSEUDO_LABELS.entries.items() if is_sparse(entry)]


def _check(own: Entry) -> None:
    """Raise UserError for a pseudo label in a user's own file that does not say what it is, or what it is made of."""
    kinds = (SoftLabel, SparseLabel, Mask)
    if own.signature.returns.kind not in kinds:
        names = ", ".join(kind.__name__ for kind in kinds)
        raise UserError(
            f"{own.path}: the result of '{own.function}' must be Annotated[KIND, MadeOf(...)] with KIND one of {names}"
        )
    unknown = [name for name in accepted_annotations(own) if name not in ANNOTATIONS.entries]
    if unknown or not accepted_annotations(own):
        raise UserError(
            f"{own.path}: the MadeOf of '{own.function}' must name annotations among {', '.join(ANNOTATIONS.entries)},"
            f" not {unknown}"
        )


PSEUDO_LABELS = Registry(
    "pseudo_labels",
    "pseudo label",
    inputs=("targets", "boxes", "labels", "grid", "image", "note"),
    dashes=True,
    mark=MadeOf,
    check=_check,
)
