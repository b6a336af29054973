"""Weak annotations: what a person would click or draw, simulated from a mask or read from a 3D Slicer file.

A file that defines a function of its own name is a simulated annotation: ``seven_points.py`` with ``seven_points``,
called ``seven-points`` in recipes. Its result says how it is saved: clicks and boxes as ``.mrk.json``, drawings as
``.nii.gz``. It asks for what it needs by the names of its arguments: ``mask``, ``seed``, and ``note``, a function that
is told what differs from what was asked for. All other arguments are parameters of the recipe, and options of the verb.
"""

from weakseg3d.registry.parameters import SavedAs
from weakseg3d.registry.registry import Registry

ANNOTATIONS = Registry("annotations", "annotation", inputs=("mask", "seed", "note"), dashes=True, mark=SavedAs)


def is_drawn(kind: str) -> bool:
    """Return whether the annotation ``kind`` is a label map; all others are clicked, and are Slicer markups."""
    return ANNOTATIONS.entry(kind).signature.returns.note(SavedAs).suffix == ".nii.gz"
