"""PA-Seg's 3-D U-Net."""

from weakseg3d.networks.paseg import BaseFeatures, Levels, PASegUNet, PatchSize, unet_with_gates


def unet3d(patch_size: PatchSize, base_features: BaseFeatures = 16, levels: Levels = 5) -> PASegUNet:
    """Return PA-Seg's 3-D U-Net: widths double per level, and instance norm is not affine.

    Upsampling is nearest-neighbour, followed by a 3^3 convolution.
    """
    return unet_with_gates(base_features, levels, gate=lambda width: None)
