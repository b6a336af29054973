"""A plain 3-D U-Net as nnU-Net builds it (Isensee et al., 2021, doi:10.1038/s41592-020-01008-z), from MONAI."""

from collections.abc import Sequence

from monai.networks.nets.dynunet import DynUNet


def build_unet(patch_size: Sequence[int], channels: Sequence[int], deep_supervision: int = 0) -> DynUNet:
    """Return MONAI's DynUNet: two 3^3 convolutions per level, instance norm, leaky ReLU.

    ``channels`` gives the width of each level, full resolution first. Every further level halves the grid, so
    ``patch_size`` (z, y, x) must be divisible by 2 once for each of them. In training, ``deep_supervision`` coarser
    levels have an output as well, and the network returns (B, 1 + deep_supervision, 1, z, y, x), the finest first.
    Neither the finest nor the coarsest level can be supervised this way, which allows at most two levels fewer than
    there are ``channels``; nnU-Net stops one level earlier.
    """
    return DynUNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=1,
        kernel_size=[3] * len(channels),
        strides=[1] + [2] * (len(channels) - 1),
        upsample_kernel_size=[2] * (len(channels) - 1),
        filters=channels,
        norm_name=("INSTANCE", {"affine": True}),
        deep_supervision=deep_supervision > 0,
        deep_supr_num=max(1, deep_supervision),
    )
