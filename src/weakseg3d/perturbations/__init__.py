"""Images of lower quality, as they occur in practice: noisy, blurred, with shifted intensities, or with thick slices.

A file that defines a function of its own name is a perturbation: ``thick_slices.py`` with ``thick_slices``, called
``thick-slices`` in recipes. It asks for what it needs by the names of its arguments: ``image``, ``seed``, and ``note``,
a function that is told what a user should know. It returns a float32 image on the grid of its input. All other
arguments are parameters of the recipe, and options of the verb.
"""

from weakseg3d.registry.parameters import Perturbed
from weakseg3d.registry.registry import Registry

PERTURBATIONS = Registry("perturbations", "perturbation", inputs=("image", "seed", "note"), dashes=True, mark=Perturbed)
