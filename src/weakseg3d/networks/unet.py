"""A plain 3-D U-Net as nnU-Net builds it (Isensee et al., 2021, doi:10.1038/s41592-020-01008-z), from MONAI."""

from collections.abc import Sequence
from typing import Annotated

from monai.networks.nets.dynunet import DynUNet

from weakseg3d.registry.parameters import DivisibleBy, Parameter, Rule


def unet(
    patch_size: Annotated[Sequence[int], DivisibleBy(lambda channels: 2 ** (len(channels) - 1), several=True)],
    channels: Annotated[
        Sequence[int], Parameter("Width of each level, full resolution first.", at_least=1, items=(3, None))
    ],
    deep_supervision: Annotated[
        int,
        Parameter(
            "Number of coarser levels that also enter the loss, each with half the weight of the level above it.",
            at_least=0,
        ),
        Rule(
            "must be at least 2 less than the number of channels",
            lambda deep_supervision, channels: deep_supervision <= len(channels) - 2,
        ),
    ] = 0,
) -> DynUNet:
    """Return a plain U-Net as nnU-Net builds it: two 3^3 convolutions per level, instance norm, leaky ReLU.

    Every further level halves the grid. In training, the network with ``deep_supervision`` returns
    (B, 1 + deep_supervision, 1, z, y, x), the finest level first. Neither the finest nor the coarsest level can be
    supervised this way; nnU-Net stops one level earlier.
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
