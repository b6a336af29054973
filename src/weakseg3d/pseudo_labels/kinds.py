"""The kinds of pseudo label and the annotations they are made from; this module imports nothing."""

SPARSE = ("points", "geodesic", "box-core", "slices", "scribbles")
"""Kinds in which some voxels are unknown (`weakseg3d.images.labels.IGNORE`)."""

SOFT = ("gaussian", "box-gaussian", "slices-interpolated", "scribbles-gaussian")
"""Kinds that are soft maps with values in [0, 1]."""

ACCEPTED_ANNOTATIONS = {
    "gaussian": ("points", "seven-points"),
    "points": ("points", "seven-points"),
    "geodesic": ("seven-points", "points"),
    "box": ("box", "seven-points"),
    "box-core": ("box", "seven-points"),
    "box-gaussian": ("box", "seven-points"),
    "slices": ("slices",),
    "slices-interpolated": ("slices",),
    "scribbles": ("scribbles",),
    "scribbles-gaussian": ("scribbles",),
}
"""The annotations from which each kind can be made."""
