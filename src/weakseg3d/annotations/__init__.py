"""Weak annotations: what a person would click or draw, simulated from a mask or read from a 3D Slicer file.

A file that defines a function of its own name is a simulated annotation: ``seven_points.py`` with ``seven_points``,
called ``seven-points`` in recipes. Its result says how it is saved: clicks and boxes as ``.mrk.json``, drawings as
``.nii.gz``. It asks for what it needs by the names of its arguments: ``mask``, ``seed``, and ``note``, a function that
is told what differs from what was asked for. All other arguments are parameters of the recipe, and options of the verb.
So does a function in a file of the user's, which also says which of these annotations its own is like.
"""

from weakseg3d.errors import UserError
from weakseg3d.registry.parameters import SavedAs
from weakseg3d.registry.registry import Entry, Registry


def is_drawn(annotation: Entry) -> bool:
    """Return whether an annotation is a label map; all others are clicked, and are Slicer markups."""
    return annotation.signature.returns.note(SavedAs).suffix == ".nii.gz"


def resembled(annotation: Entry) -> str:
    """Return the annotation of this package that an annotation is like: itself, unless it is in a user's own file."""
    return annotation.signature.returns.note(SavedAs).like or annotation.name


def _check(own: Entry) -> None:
    """Raise UserError for an annotation in a user's own file that is like none, or is saved in another way."""
    like = own.signature.returns.note(SavedAs).like
    if like not in ANNOTATIONS.entries or is_drawn(own) != is_drawn(ANNOTATIONS.entry(like)):
        same = [name for name, entry in ANNOTATIONS.entries.items() if is_drawn(entry) == is_drawn(own)]
        raise UserError(
            f"{own.path}: the SavedAs of '{own.function}' must say which annotation it is like:"
            f" like='{same[0]}', or another of {', '.join(same)}"
        )


ANNOTATIONS = Registry(
    "annotations", "annotation", inputs=("mask", "seed", "note"), dashes=True, mark=SavedAs, check=_check
)
