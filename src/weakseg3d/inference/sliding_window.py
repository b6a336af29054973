"""A sliding window over a whole volume, for prediction and for the scores that select a model."""

import torch
from monai.inferers.utils import sliding_window_inference

WINDOWS_AT_ONCE = 4


def blended(predictor, image, patch_size, overlap):
    """Return what ``predictor`` makes of windows of ``image``, blended by Gaussian weights, (1, C, z, y, x).

    ``image`` is a tensor (z, y, x); windows have ``patch_size`` (z, y, x) voxels and reach the predictor as
    (windows, 1, z, y, x), channels last.
    """

    def on_windows(windows):
        return predictor(windows.contiguous(memory_format=torch.channels_last_3d))

    return sliding_window_inference(
        image[None, None], patch_size, WINDOWS_AT_ONCE, on_windows, overlap=overlap, mode="gaussian"
    )
