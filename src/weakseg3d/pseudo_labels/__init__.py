"""Training targets made from weak annotations, by their name in a recipe.

Soft targets are float32 in [0, 1]; sparse targets are uint8 label maps with 0 background, 1 organ and
`weakseg3d.images.labels.IGNORE` (2) where the class is unknown.

A file that defines a function of its own name is a pseudo label: ``box_core.py`` with ``box_core``, called
``box-core`` in recipes. Its result says which of the three types it is and what it is made of. It asks for what it
needs by the names of its arguments:

- ``targets`` (`weakseg3d.pseudo_labels.targets.Target`), the clicks;
- ``boxes`` (`weakseg3d.annotations.markups.Box`), drawn ones or those that seven points span;
- ``labels`` (z, y, x), the drawn map of 0, 1 and 2;
- ``grid``, an image of which only size and geometry count, or ``image``, with its intensities.

All other arguments are parameters of the recipe, and options of the verb.
"""

from weakseg3d.registry.parameters import MadeOf, SoftLabel, SparseLabel
from weakseg3d.registry.registry import Registry

PSEUDO_LABELS = Registry(
    "pseudo_labels", "pseudo label", inputs=("targets", "boxes", "labels", "grid", "image"), dashes=True, mark=MadeOf
)


def accepted_annotations(kind: str) -> tuple[str, ...]:
    """Return the annotations that the pseudo label ``kind`` can be made of."""
    return PSEUDO_LABELS.entry(kind).signature.returns.note(MadeOf).annotations


def is_soft(kind: str) -> bool:
    """Return whether the pseudo label ``kind`` has values between 0 and 1."""
    return PSEUDO_LABELS.entry(kind).signature.returns.kind is SoftLabel


def sparse_kinds() -> list[str]:
    """Return the pseudo labels in which some voxels are unknown."""
    return [name for name, entry in PSEUDO_LABELS.entries.items() if entry.signature.returns.kind is SparseLabel]
