"""Volumes that every test may use: small, oblique, anisotropic, flipped."""

import sys

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # on a busy machine, any example may be slow
settings.load_profile("untimed")


def pytest_collection_modifyitems(items):
    """Start with the runs of the whole workflow: at the end, one of them would keep one core alone busy."""
    items.sort(key=lambda item: item.path.parent.name != "workflow")


def make_volume(array, spacing=(1.0, 1.0, 1.0), origin=(0.0, 0.0, 0.0), direction=None):
    """Return ``array`` (z, y, x) as an image; ``spacing`` and ``origin`` are (x, y, z) in mm."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    if direction is not None:
        image.SetDirection(tuple(np.asarray(direction, float).ravel()))
    return image


def oblique_direction(flipped=True):
    """Return direction cosines turned about two axes; ``flipped`` reverses the first axis."""
    turn_z, turn_x = np.deg2rad(12), np.deg2rad(-8)
    about_z = np.array([[np.cos(turn_z), -np.sin(turn_z), 0], [np.sin(turn_z), np.cos(turn_z), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(turn_x), -np.sin(turn_x)], [0, np.sin(turn_x), np.cos(turn_x)]])
    return about_z @ about_x @ np.diag([-1.0 if flipped else 1.0, 1.0, 1.0])


@pytest.fixture(autouse=True)
def denormal_numbers():
    """Undo what a training in this process did to all later arithmetic."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture
def oblique_mask():
    """An ellipsoid of 30 x 22 x 26 mm radius on an oblique, anisotropic, flipped grid."""
    shape, spacing = (26, 70, 60), np.array([1.4, 1.1, 3.5])
    z, y, x = np.indices(shape)
    centre = np.array([28.0, 36.0, 12.5])
    distance = sum(
        ((axis - c) * s / r) ** 2 for axis, c, s, r in zip((x, y, z), centre, spacing, (30, 22, 26), strict=True)
    )
    return make_volume((distance <= 1).astype(np.uint8), tuple(spacing), (-40.0, 15.0, 120.0), oblique_direction())
