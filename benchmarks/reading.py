"""`read_image`, with all its checks, against `SimpleITK.ReadImage` with the same type of voxels: CPU time.

A scan is 156 x 372 x 372 voxels of a body in air with noise. The first volume of a process is timed as well, as most
verbs read few.
"""

import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from measure import measure, print_row, sized

SCALE = sized(1, tiny=12)
SHAPE = (156 // SCALE, 372 // SCALE, 372 // SCALE)
TIMES = sized(10, tiny=1)


def write_files(folder):
    """Write a scan, a mask and a map; return their paths."""
    z, y, x = (np.linspace(-1, 1, n) for n in SHAPE)
    radius = (y[:, None] / 0.6) ** 2 + (x / 0.8) ** 2
    noise = np.random.default_rng(0).normal(0, 15, SHAPE)
    mask = (z[:, None, None] ** 2 + 4 * radius) < 1
    volumes = {
        "scan.nii.gz": np.where(radius < 1, 40 + noise, -1000).astype(np.int16),
        "scan.nii": np.where(radius < 1, 40 + noise, -1000).astype(np.int16),
        "mask.nii.gz": mask.astype(np.uint8),
        "map.nii.gz": np.where(mask, noise, 0).astype(np.float32),
    }
    for name, voxels in volumes.items():
        sitk.WriteImage(sitk.GetImageFromArray(voxels), str(folder / name), True, 1)
    return [folder / name for name in volumes]


def by_itk(path, times=TIMES):
    """Read a volume several times."""
    for _ in range(times):
        sitk.ReadImage(str(path), sitk.sitkFloat32)


def ours(path, times=TIMES):
    """Read a volume several times."""
    from weakseg3d.images.volumes import read_image

    for _ in range(times):
        read_image(path)


def first(read, path):
    """Return the CPU seconds of the first reading in a process."""
    return measure(read, path, 1).cpu_seconds


def rest(read, path):
    """Return the CPU seconds of a reading that is not the first one."""
    return (measure(read, path, TIMES + 1).cpu_seconds - first(read, path)) / TIMES


def main():
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        for path in write_files(Path(folder)):
            print_row(f"{path.name}, first", "s", first(by_itk, path), first(ours, path))
            print_row(f"{path.name}, others", "s", rest(by_itk, path), rest(ours, path))


if __name__ == "__main__":
    main()
