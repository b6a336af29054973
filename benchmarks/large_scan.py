"""Peak memory and CPU time of the verbs that read masks, on a mask of 512 x 512 x 1000 voxels with a liver."""

import contextlib
import io
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from measure import measure, sized

SHAPE = sized((1000, 512, 512), tiny=(20, 24, 28))
VOXEL = 0.8
"""Edge in mm."""
VERBS = {
    "annotate points": "annotate --mask {mask} --out {out} points",
    "annotate points, some misplaced": "annotate --mask {mask} --out {out} points --misplaced 0.1 --background 50",
    "evaluate": "evaluate --prediction {mask} --reference {mask}",
    "evaluate --largest-component": "evaluate --prediction {mask} --reference {mask} --largest-component",
}


def write_mask(path):
    """Write an ellipsoid of 200 x 176 x 130 mm, a fifth of the scan's length."""
    voxels = np.zeros(SHAPE, np.uint8)
    z, y, x = (np.linspace(-1, 1, n) for n in SHAPE)
    across = (y[:, None] / 0.43) ** 2 + (x / 0.49) ** 2
    for plane, height in zip(voxels, z, strict=True):
        plane[(height / 0.16) ** 2 + across < 1] = 1
    mask = sitk.GetImageFromArray(voxels)
    mask.SetSpacing([VOXEL] * 3)
    sitk.WriteImage(mask, str(path))


def run(command):
    """Run a verb."""
    from weakseg3d.cli import main

    with contextlib.redirect_stdout(io.StringIO()):
        assert main(command) == 0


def main():
    """Print the figures of each verb."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        measure(write_mask, folder / "mask.nii.gz", repeats=1)  # In a process of its own, so that this one stays small.
        for name, text in VERBS.items():
            command = text.format(mask=folder / "mask.nii.gz", out=folder / "clicks.mrk.json").split()
            ran = measure(run, command)
            print(f"{name:<32} peak {ran.peak / 1e6:7.1f} MB, CPU time {ran.cpu_seconds:6.2f} s")


if __name__ == "__main__":
    main()
