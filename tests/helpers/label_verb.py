"""Runs the verb on files: writes an annotation and an image, and reads the pseudo label."""

import numpy as np
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.annotations.markups import Annotation, write_markups
from weakseg3d.annotations.world import to_world
from weakseg3d.cli import main
from weakseg3d.images.volumes import like, write_volume

SHAPE = (20, 24, 28)
GRIDS = {
    "isotropic": {},
    "oblique": {"spacing": (0.8, 1.5, 3.0), "origin": (-30.0, 12.0, 70.0), "direction": oblique_direction()},
    "turned": {
        "spacing": (3.0, 1.0, 0.7),
        "origin": (40.0, -9.0, 5.0),
        "direction": [[0, 0, 1], [0, -1, 0], [1, 0, 0]],
    },
}
"""Grids on which axes, directions or millimetres are easily confused."""

CLICK = np.array([9.0, 11, 13])
FACES = np.array([[3.0, 11, 13], [15, 11, 13], [9, 4, 13], [9, 18, 13], [9, 11, 5], [9, 11, 21]])
"""Seven points in voxels (z, y, x), which span the box 3-15, 4-18, 5-21."""


def image_on(grid="isotropic", array=None):
    """Return ``array``, or else noise, as an image on one of `GRIDS`."""
    if array is None:
        array = np.random.default_rng(0).normal(0, 30, SHAPE).astype(np.float32)
    return make_volume(array, **GRIDS[grid])


def points(image, *targets, boxes=()):
    """Return the annotation of ``targets``: pairs of organ and background points in voxels of ``image``."""
    classes = ("organ", "background")
    return Annotation(
        [
            {name: to_world(voxels, image) for name, voxels in zip(classes, target, strict=True) if len(voxels)}
            for target in targets
        ],
        list(boxes),
    )


def run_verb(folder, image, annotation, *kind):
    """Return the exit code of the verb; ``annotation`` is markups, a label map's array, or an image."""
    write_volume(image, folder / "image.nii.gz")
    if isinstance(annotation, Annotation):
        path = folder / "annotation.mrk.json"
        write_markups(annotation, path)
    else:
        path = folder / "annotation.nii.gz"
        if isinstance(annotation, np.ndarray):
            annotation = like(annotation, image)
        write_volume(annotation, path)
    files = ["--annotation", path, "--image", folder / "image.nii.gz", "--out", folder / "label.nii.gz"]
    return main(["pseudolabel", *(str(word) for word in (*files, *kind))])


def label_of(folder, image, annotation, *kind):
    """Return the array that the verb writes, after checking its grid."""
    assert run_verb(folder, image, annotation, *kind) == 0
    label = sitk.ReadImage(str(folder / "label.nii.gz"))
    assert np.allclose(label.GetOrigin(), image.GetOrigin(), atol=1e-4)
    assert np.allclose(label.GetDirection(), image.GetDirection(), atol=1e-6)
    assert np.allclose(label.GetSpacing(), image.GetSpacing(), atol=1e-6)
    return sitk.GetArrayFromImage(label)
