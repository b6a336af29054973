"""The meaning of values in label maps, for code that must not load an image library."""

IGNORE = 2
"""Value of voxels that were not annotated, in every sparse label map."""
