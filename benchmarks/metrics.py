"""The metrics of one pair of masks against MedPy's, on 512 x 512 x 78 voxels with a liver of 1.5 litres.

MedPy computes every metric from the whole volume again; ours are computed in the box around both masks, and the
surfaces only once. The times of HD95 alone and of all metrics are compared; the values must agree. Time and peak memory
of the whole verb, a process that starts and reads both files, are measured without a comparison.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import scipy.spatial  # noqa: F401  loaded before the clock starts, like the modules of MedPy
import SimpleITK as sitk
from measure import RSS_UNIT, measure, print_row, sized
from medpy.metric import binary

from weakseg3d.evaluation.compare import compare
from weakseg3d.evaluation.surfaces import bounding_box, surface_distances
from weakseg3d.images.volumes import write_volume

STEP = sized(1, tiny=6)
"""Size of a voxel; larger ones are fewer."""
SHAPE = (78 // STEP, 512 // STEP, 512 // STEP)
SPACING = (5.0 * STEP, 0.78125 * STEP, 0.78125 * STEP)


def liver(centre, radii, waves):
    """Return a boolean mask (z, y, x): an ellipsoid of ``radii`` mm around the voxel ``centre`` with a wavy surface."""
    z, y, x = (STEP * axis for axis in np.ogrid[tuple(map(slice, SHAPE))])
    distance = sum(
        ((axis - c) * step / STEP / r) ** 2 for axis, c, step, r in zip((z, y, x), centre, SPACING, radii, strict=True)
    )
    return distance + waves * (np.sin(x / 17) * np.cos(y / 13) + np.sin(z / 3 + y / 29)) <= 1


def pair():
    """Return prediction and reference."""
    return liver((40, 230, 200), (73, 62, 81), 0.15), liver((40, 228, 203), (75, 61, 80), 0.12)


def medpy_hd95(prediction, reference):
    """Return HD95 in mm from the whole volume."""
    return binary.hd95(prediction, reference, SPACING)


def our_hd95(prediction, reference):
    """Return HD95 in mm from the box around both masks."""
    box = bounding_box(prediction | reference)
    return np.percentile(np.concatenate(surface_distances(prediction[box], reference[box], SPACING)), 95)


def medpy_metrics(prediction, reference):
    """Return MedPy's metrics under our names."""
    return {
        "dice": binary.dc(prediction, reference),
        "jaccard": binary.jc(prediction, reference),
        "precision": binary.precision(prediction, reference),
        "recall": binary.recall(prediction, reference),
        "hd95": binary.hd95(prediction, reference, SPACING),
        "hd": binary.hd(prediction, reference, SPACING),
        "assd": binary.assd(prediction, reference, SPACING),
    }


def ours(prediction, reference):
    """Return all our metrics, which are three more: HD95 as in MONAI, NSD and the volume error."""
    return compare(prediction, reference, SPACING)[0]


def verb(folder):
    """Run the verb on the files in ``folder``; return the peak memory of its process in bytes."""
    files = [f"--{name}={folder / name}.nii.gz" for name in ("prediction", "reference")]
    subprocess.run([sys.executable, "-m", "weakseg3d", "evaluate", *files], check=True, stdout=subprocess.DEVNULL)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * RSS_UNIT


def main():
    """Print the figures."""
    prediction, reference = pair()
    published_hd95, hd95 = measure(medpy_hd95, prediction, reference), measure(our_hd95, prediction, reference)
    published, metrics = measure(medpy_metrics, prediction, reference, repeats=1), measure(ours, prediction, reference)
    with tempfile.TemporaryDirectory() as folder:
        for name, mask in (("prediction", prediction), ("reference", reference)):
            image = sitk.GetImageFromArray(mask.astype(np.uint8))
            image.SetSpacing(SPACING[::-1])
            write_volume(image, Path(folder) / f"{name}.nii.gz")
        whole_verb = measure(verb, Path(folder))

    print_row("HD95, time", "s", published_hd95.seconds, hd95.seconds)
    print_row("all metrics, time", "s", published.seconds, metrics.seconds)
    print(f"whole verb, start and reading included: {whole_verb.seconds:.2f} s, {whole_verb.result / 1e6:.0f} MB")
    difference = max(abs(metrics.result[name] / value - 1) for name, value in published.result.items())
    print(f"largest relative difference of {len(published.result)} metrics: {difference:.1e}")
    assert hd95.result == published_hd95.result
    assert difference < 1e-9


if __name__ == "__main__":
    main()
