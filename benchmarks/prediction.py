"""Prediction some slices at a time, windows of air once, against MONAI's sliding window over a scan.

The scan is a body of noise in air. The network is the U-Net of the preset `cpu` with random weights, on one thread.
Peak memory includes the import of torch, 0.5 GB.
"""

import numpy as np
import SimpleITK as sitk
from measure import measure, print_row, sized

SHAPE = sized((156, 372, 372), (20, 24, 28))
"""Of the scan, (z, y, x)."""
PATCH = sized([32, 48, 48], [8, 8, 8])
CHANNELS = sized([8, 16, 32, 64], [2, 4, 8])
RECIPE = {
    "seed": 0,
    "threads": 1,
    "spacing": 1.0,
    "intensity": {"window": [-175, 250]},
    "normalisation": "none",
    "network": {"unet": {"channels": CHANNELS}},
    "training": {"patch_size": PATCH},
    "prediction": {
        "passes": 1,
        "overlap": 0.5,
        "blending": "gaussian",
        "threshold": 0.5,
        "mixed_precision": False,
        "skip_air": False,
    },
}


def scan():
    """Return a cylinder with an elliptic base, 0.6 x 0.8 of the slice, in air, as float32 in HU."""
    y, x = np.ogrid[-1 : 1 : SHAPE[1] * 1j, -1 : 1 : SHAPE[2] * 1j]
    body = np.broadcast_to((y / 0.6) ** 2 + (x / 0.8) ** 2 < 1, SHAPE)
    voxels = np.full(SHAPE, -1000, np.float32)
    voxels[body] = np.random.default_rng(0).normal(40, 15, np.count_nonzero(body))
    return sitk.GetImageFromArray(voxels)


def network():
    """Return the network, ready to predict."""
    import torch

    from weakseg3d.networks import build_network

    torch.manual_seed(0)
    return build_network(RECIPE["network"], PATCH).eval().to(memory_format=torch.channels_last_3d)


def whole():
    """Return the mask (z, y, x) of the scan whose logits are held as a whole."""
    import torch
    from monai.inferers.utils import sliding_window_inference

    from weakseg3d.images.preprocessing import oriented, oriented_like, scaled_intensity
    from weakseg3d.images.volumes import like
    from weakseg3d.inference.passes import mean_logit, set_up, windows_predictor

    predictor = windows_predictor(network(), RECIPE, mean_logit)

    def on_windows(windows):
        return predictor(windows.contiguous(memory_format=torch.channels_last_3d))

    set_up(RECIPE)
    image = scan()
    with torch.inference_mode():
        reoriented = oriented(image)
        array = torch.from_numpy(scaled_intensity(sitk.GetArrayViewFromImage(reoriented), RECIPE["intensity"]))
        logits = sliding_window_inference(array[None, None], PATCH, 4, on_windows, overlap=0.5, mode="gaussian")
        probability = oriented_like(like(logits[0, 0].sigmoid().numpy(), reoriented), image)
    return sitk.GetArrayFromImage(probability > RECIPE["prediction"]["threshold"]).astype(bool)


def in_sections():
    """Return the mask (z, y, x) of the scan."""
    from weakseg3d.inference.prediction import predicted_mask

    return sitk.GetArrayFromImage(predicted_mask(network(), RECIPE, scan())).astype(bool)


def main():
    """Print both figures."""
    before = measure(whole, repeats=1, then=np.packbits)
    now = measure(in_sections, repeats=1, then=np.packbits)
    print_row("CPU time", "s", before.cpu_seconds, now.cpu_seconds)
    print_row("peak memory", "GB", before.peak / 1e9, now.peak / 1e9)
    print(f"voxels that differ: {np.unpackbits(before.result ^ now.result).sum()}")


if __name__ == "__main__":
    main()
