"""The Gaussian soft label against the published formula taken literally, on 156 x 372 x 372 voxels with 200 clicks.

The published form adds a whole volume per click. Two things are compared: time and peak memory of the label alone, and
the time of the whole verb, a process that starts, reads and writes, against the published form with its image read and
its label written by SimpleITK (reading, label and writing are timed separately and added).
"""

import functools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from measure import measure, print_row, sized

from weakseg3d.annotations.markups import Annotation, write_markups
from weakseg3d.images.volumes import write_volume
from weakseg3d.pseudo_labels.gaussian import gaussian_label

SCALE = sized(1, tiny=6)
SHAPE = (156 // SCALE, 372 // SCALE, 372 // SCALE)
SIGMA = 10.0 / SCALE
CLICKS = sized(200, tiny=10)


def clicks():
    """Return voxel indices (n, 3) in (z, y, x), spread over an ellipsoid with radii of 56, 70 and 85 mm."""
    generator = np.random.default_rng(0)
    directions = generator.normal(size=(CLICKS, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radii = generator.random((CLICKS, 1)) ** (1 / 3) * [56, 70, 85]
    return np.round((directions * radii + [78, 180, 150]) / SCALE)


def published(points):
    """Return the label (z, y, x) in double precision, computed from a whole volume per click."""
    z, y, x = np.indices(SHAPE)
    label = np.zeros(SHAPE)
    for z0, y0, x0 in points:
        label += np.exp(-((z - z0) ** 2 + (y - y0) ** 2 + (x - x0) ** 2) / (2 * SIGMA**2))
    return (label - label.min()) / (label.max() - label.min())


def ours(points):
    """Return the label (z, y, x) in single precision."""
    return gaussian_label(points, SHAPE, (1.0, 1.0, 1.0), SIGMA)


def prepare_files(folder, points):
    """Write the clicks and an image on the label's grid."""
    voxels = np.random.default_rng(0).normal(0, 30, SHAPE).astype(np.int16)
    write_volume(sitk.GetImageFromArray(voxels), folder / "image.nii.gz")
    write_markups(Annotation([{"organ": points[:, ::-1]}]), folder / "clicks.mrk.json")


def published_files(folder):
    """Read the image and the clicks, and write the saved label; return the seconds of reading and writing."""
    start = time.perf_counter()
    image = sitk.ReadImage(str(folder / "image.nii.gz"))
    json.loads((folder / "clicks.mrk.json").read_text(encoding="utf-8"))
    read = time.perf_counter()
    voxels = np.load(folder / "published.npy").astype(np.float32)
    computed = time.perf_counter()
    label = sitk.GetImageFromArray(voxels)
    label.CopyInformation(image)
    sitk.WriteImage(label, str(folder / "published.nii.gz"))
    return read - start + time.perf_counter() - computed


def verb(folder):
    """Run the verb on the files in ``folder``."""
    files = ["--annotation", "clicks.mrk.json", "--image", "image.nii.gz", "--out", "ours.nii.gz"]
    command = [sys.executable, "-m", "weakseg3d", "pseudolabel", *files, "gaussian", "--sigma", str(SIGMA)]
    subprocess.run(command, cwd=folder, check=True)


def main():
    """Print the figures."""
    points = clicks()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        label = measure(ours, points, then=np.shape)
        formula = measure(published, points, repeats=1, then=functools.partial(np.save, folder / "published.npy"))
        prepare_files(folder, points)
        files = measure(published_files, folder, repeats=1).result
        whole_verb = measure(verb, folder)
        written = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "ours.nii.gz")))
        difference = np.abs(written - np.load(folder / "published.npy")).max()

    print_row("label, time", "s", formula.seconds, label.seconds)
    print_row("label, peak memory", "MB", formula.peak / 1e6, label.peak / 1e6)
    print_row("whole verb, time", "s", formula.seconds + files, whole_verb.seconds)
    print(f"largest difference between our label and the published label: {difference:.1e}")


if __name__ == "__main__":
    main()
