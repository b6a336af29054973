"""What the values of a label map mean, for code that must not load an image library."""

IGNORE = 2
"""Value of voxels that nobody annotated, in every sparse label map."""
