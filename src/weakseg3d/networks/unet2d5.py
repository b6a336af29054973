"""PA-Seg's 2.5-D U-Net."""

import functools

from monai.networks.blocks.convolutions import Convolution
from monai.networks.nets.dynunet import DynUNet

from weakseg3d.networks.paseg import (
    CUBE,
    FLAT,
    LEAKY,
    BaseFeatures,
    Levels,
    Merge,
    PASegUNet,
    PatchSize,
    two_convolutions,
    upsampling,
)


def unet2d5(patch_size: PatchSize, base_features: BaseFeatures = 16, levels: Levels = 5) -> PASegUNet:
    """Return PA-Seg's 2.5-D U-Net: on the way down, kernels are flat, (1, 3, 3), on the two finest levels.

    On the way up they are flat on the finest level only. Widths double per level, except for the coarsest. Instance
    norm is affine, the leaky ReLU has a slope of 0.01, upsampling is trilinear without a convolution, and weights are
    initialised as by He et al.
    """
    widths = [base_features * 2**level for level in range(levels - 1)]
    kernels = [FLAT, FLAT, *[CUBE] * (levels - 2)]
    convolutions = functools.partial(two_convolutions, style=LEAKY)
    encoder = list(map(convolutions, [1, *widths], [*widths, widths[-1]], kernels))
    decoder = [
        Merge(upsampling(width, interp_mode="trilinear", align_corners=False), convolutions(2 * width, finer, kernel))
        for width, finer, kernel in zip(widths, [widths[0], *widths[:-1]], kernels[1:], strict=True)
    ]
    head = Convolution(3, widths[0], 2, kernel_size=1, bias=False, conv_only=True)
    return PASegUNet(encoder, decoder[::-1], head).apply(DynUNet.initialize_weights)
