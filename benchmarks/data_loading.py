"""Patches per second of our loader and of the published style, which reads and prepares every volume in every epoch.

The published style is a chain of MONAI transforms: load NIfTI, channel first, orientation, spacing, window, then the
same crops and augmentations. Ours cuts the patches from memory maps of arrays that the verb ``array`` has written once.
The volumes are synthetic, 192 x 192 x 128 voxels of 1 mm; a step takes 4 patches of 96 x 96 x 96 from one of them. Both
run in a single process, without a GPU and without a training at the same time, and read files from the disk's cache.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from measure import measure, sized
from monai.transforms import (
    Compose,
    EnsureChannelFirstd,
    Lambda,
    LoadImaged,
    Orientationd,
    ScaleIntensityRanged,
    Spacingd,
)

from weakseg3d.cli import main as weakseg3d
from weakseg3d.images.volumes import write_volume
from weakseg3d.training.loading import load_cases, read_cases
from weakseg3d.training.patches import KEYS, PatchDataset, patch_transform

SIZE = sized((192, 192, 128), tiny=(48, 48, 40))
VOLUMES = sized(4, tiny=2)
EPOCHS = sized(4, tiny=1)
WINDOW = (-100, 240)
TRAINING = {
    "patch_size": sized([96, 96, 96], tiny=[16, 16, 16]),
    "patches_per_volume": 4,
    "volumes_per_step": 1,
    "foreground_share": 0.5,
    "image_threshold": None,
    "augmentation": {
        "flip": 0.5,
        "rotate90": 0.5,
        "scale_intensity": 0.1,
        "scale_probability": 0.5,
        "shift_intensity": 0.1,
        "shift_probability": 0.5,
    },
}


def prepare(folder):
    """Write images (int16) with their masks, both as volumes and as arrays, and the list of cases."""
    lines = ["case,image,target"]
    distance = sum(((axis - n / 2) / 30) ** 2 for axis, n in zip(np.indices(SIZE[::-1]), SIZE[::-1], strict=True))
    target = (distance <= 1).astype(np.uint8)
    for number in range(VOLUMES):
        noise = np.random.default_rng(number).normal(20, 60, target.shape)
        image = (noise + 80 * target).astype(np.int16)
        for name, array in ((f"image-{number}", image), (f"target-{number}", target)):
            write_volume(sitk.GetImageFromArray(array), folder / f"{name}.nii.gz")
            window = ["--window", *map(str, WINDOW)] if name.startswith("image") else []
            weakseg3d(["array", "--in", f"{folder / name}.nii.gz", "--out", f"{folder / name}.npy", *window])
        lines.append(f"{number},image-{number}.npy,target-{number}.npy")
    (folder / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def published(folder):
    """Return patches per second when each volume is read and prepared in each epoch."""
    transform = Compose(
        [
            LoadImaged(KEYS),
            EnsureChannelFirstd(KEYS),
            Orientationd(KEYS, axcodes="RAS", labels=None),
            Spacingd(KEYS, pixdim=(1.0, 1.0, 1.0), mode=("bilinear", "nearest")),
            ScaleIntensityRanged("image", *WINDOW, b_min=0.0, b_max=1.0, clip=True),
            # Intensities are not normalised per volume.
            Lambda(lambda volume: volume | {"mean": 0.0, "std": 1.0}),
            patch_transform(TRAINING, sparse=False),
        ]
    )
    files = [{key: folder / f"{key}-{number}.nii.gz" for key in KEYS} for number in range(VOLUMES)]
    return rate(lambda step: transform(files[step % VOLUMES]), VOLUMES * EPOCHS)


def ours(folder):
    """Return patches per second from memory maps, and the seconds until the first patch could be cut."""
    start = time.perf_counter()
    cases = load_cases(read_cases(folder / "cases.csv"), {"window": WINDOW})
    patches = PatchDataset(cases, TRAINING, seed=0)
    ready = time.perf_counter() - start
    return rate(patches.batch, VOLUMES * EPOCHS), ready


def rate(batch, steps):
    """Return the patches per second of ``batch(step)``, where every step gives the same number of patches."""
    start = time.perf_counter()
    for step in range(steps):
        batch(step)
    return steps * TRAINING["patches_per_volume"] / (time.perf_counter() - start)


def main():
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        prepare(folder)
        published_rate = measure(published, folder).result
        our_rate, ready = measure(ours, folder).result
    print(
        f"loading, patches per second: published {published_rate:.1f}, ours {our_rate:.1f},"
        f" ratio {our_rate / published_rate:.1f};"
        f" ours is ready after {ready:.2f} s"
    )


if __name__ == "__main__":
    main()
