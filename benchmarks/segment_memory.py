"""Peak memory of `segment` on a large scan, by the voxels at which the model was trained.

The network is small and its weights are random: what is measured are the volumes that have to be held beside it.
"""

import tempfile
from pathlib import Path

import numpy as np
from measure import measure, sized

SIZE = sized((1000, 512, 512), (20, 24, 28))
"""Of the scan, (z, y, x)."""
VOXEL = 0.8
"""Of the scan, in mm."""
SPACINGS = sized((1.0, 2.0, 5.0), (1.0,))
"""At which models were trained, in mm."""
GB = 1e9


def write_scan(path):
    """Write noise as a scan of whole numbers, as scanners do."""
    import SimpleITK as sitk

    voxels = np.random.default_rng(0).integers(-1000, 400, SIZE, dtype=np.int16)
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing([VOXEL] * 3)
    sitk.WriteImage(image, str(path))


def write_random_model(spacing, path):
    """Write a model of the smallest U-Net with random weights."""
    from weakseg3d.experiment.recipes import checked_recipe, load_method, recipe_of
    from weakseg3d.inference.model import write_model
    from weakseg3d.networks import build_network

    small = {"network": {"unet": {"channels": [2, 4, 8]}}, "training": {"patch_size": [32, 48, 48]}}
    method = load_method("dense_unet", small | {"prediction": {"overlap": 0}})
    window = {"window": [-175, 250]}
    recipe = recipe_of("dense_unet", method, seed=0, threads=1, spacing=spacing, intensity=window)
    recipe = checked_recipe(recipe, "the benchmark's recipe")
    network = build_network(recipe["network"], recipe["training"]["patch_size"])
    write_model(network.state_dict(), recipe, path)


def segment(model, scan, out):
    """Run the verb."""
    from weakseg3d.cli import main

    assert main(["segment", "--models", str(model), "--images", str(scan), "--out", str(out)]) == 0


def main():
    """Print the peak for each spacing."""
    size = " x ".join(map(str, SIZE[::-1]))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_scan(folder / "scan.nrrd")
        for spacing in SPACINGS:
            model = folder / f"organ_{spacing:g}.pt"
            write_random_model(spacing, model)
            run = measure(segment, model, folder / "scan.nrrd", folder / f"{spacing:g}", repeats=1)
            print(f"{size} of {VOXEL} mm, model at {spacing:g} mm: peak {run.peak / GB:6.3f} GB, {run.seconds:7.1f} s")


if __name__ == "__main__":
    main()
