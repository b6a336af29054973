"""What each kind of pseudo label is, and the annotations it is made from; imports nothing."""

SPARSE = ("points", "geodesic", "box-core", "slices", "scribbles")
"""Kinds in which some voxels are unknown (`weakseg3d.images.labels.IGNORE`)."""

SOFT = ("gaussian", "box-gaussian", "slices-interpolated", "scribbles-gaussian")
"""Kinds that are a map in [0, 1]."""

TAKES = {
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
"""For each kind, the annotations it takes."""
