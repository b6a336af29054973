"""Intact files that the kinds damage, and the damages that fit any file."""

import numpy as np
import SimpleITK as sitk
import yaml
from conftest import make_volume
from volume_files import write_volume_file

SHAPE = (8, 12, 10)
"""Shape (z, y, x) of all volumes."""

SPACING = (1.0, 1.5, 2.0)


def scan():
    """Return a small image of whole numbers as int16."""
    voxels = np.random.default_rng(25).integers(-500, 500, SHAPE).astype(np.int16)
    return make_volume(voxels, SPACING, (3.0, -7.0, 20.0))


def organ(values=1, dtype=np.uint8):
    """Return the mask of a block in the `scan`."""
    mask = np.zeros(SHAPE, dtype)
    mask[2:6, 3:9, 2:8] = values
    return make_volume(mask, SPACING, (3.0, -7.0, 20.0))


def write_scan(folder, name="image.nii.gz"):
    """Write the `scan` as ``name`` and return the name."""
    sitk.WriteImage(scan(), str(folder / name))
    return name


def write_organ(folder, name="mask.nii.gz"):
    """Write the mask of the `organ` as ``name`` and return the name."""
    sitk.WriteImage(organ(), str(folder / name))
    return name


def write_format(folder, name):
    """Write the `scan` as one of ``volume_files.FORMATS``; return the paths of the volume and of its voxels."""
    return write_volume_file(scan(), folder, name)


def cut(path, share):
    """Keep only the first ``share`` of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])


def flip(path, seed, number=1):
    """Invert some bits of ``number`` bytes, drawn with ``seed``."""
    rng = np.random.default_rng(seed)
    content = bytearray(path.read_bytes())
    for place in rng.integers(0, len(content), number):
        content[place] ^= int(rng.integers(1, 256))
    path.write_bytes(content)


DATASET = {
    "description": "Scans of a test.",
    "modality": "CT",
    "format": "folder",
    "options": {"image": "{case}.nii.gz", "label": "{case}_seg.nii.gz"},
    "access": {"place": {"folder": "scans", "instructions": "ask the hospital"}},
    "organs": {"spleen": [1]},
    "intensity": {"window": [0, 100]},
}
"""A valid description of a dataset."""


def write_dataset(folder, name="scans.yaml", **changes):
    """Write `DATASET` with ``changes`` and return its name; a key that is None is left out."""
    content = {key: value for key, value in (DATASET | changes).items() if value is not None}
    (folder / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return name


def import_arguments(out="cases", dataset="./scans.yaml", raw="raw"):
    """Return the arguments that import the folder ``raw``."""
    return ["import", dataset, "--raw", raw, "--out", out]


RECIPE = {
    "method": "test",
    "spacing": 2.0,
    "intensity": {"window": [0, 100]},
    "network": {"unet": {"channels": [2, 4, 8]}},
    "loss": {"dice_ce": {}},
    "training": {"patch_size": [16, 16, 16], "steps": 1, "optimizer": {"adamw": {}}},
}
"""A valid recipe."""
