"""A sliding window over a whole volume, for prediction and for the scores that select a model."""

from collections.abc import Callable, Sequence

import torch
from monai.inferers.utils import sliding_window_inference

WINDOWS_AT_ONCE = 4


def sliding_window_prediction(
    predictor: Callable[[torch.Tensor], torch.Tensor],
    image: torch.Tensor,
    patch_size: Sequence[int],
    overlap: float,
    blending: str = "gaussian",
) -> torch.Tensor:
    """Return the output of ``predictor`` on windows of ``image``, blended, (1, C, z, y, x).

    ``image`` is a tensor (z, y, x). Windows have ``patch_size`` (z, y, x) voxels, neighbours share the fraction
    ``overlap`` of their width, and the predictor receives them as (windows, 1, z, y, x), channels last. With the
    ``blending`` "gaussian", the centre of a window has more weight than its rim, with "constant" all voxels have the
    same.
    """

    def on_windows(windows: torch.Tensor) -> torch.Tensor:
        return predictor(windows.contiguous(memory_format=torch.channels_last_3d))

    output = sliding_window_inference(
        image[None, None], patch_size, WINDOWS_AT_ONCE, on_windows, overlap=overlap, mode=blending
    )
    # MONAI returns a tuple or a dict only for a predictor that does.
    assert isinstance(output, torch.Tensor)
    return output
