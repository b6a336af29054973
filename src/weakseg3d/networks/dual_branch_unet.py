"""The dual-branch U-Net of DMPLS and DMSPS: one encoder, two decoders, one of which sees the features with dropout."""

import itertools
from collections.abc import Sequence
from typing import Annotated

import torch
from monai.networks.blocks.convolutions import Convolution
from torch import nn

from weakseg3d.networks.paseg import LEAKY, Merge, two_convolutions, upsampling
from weakseg3d.registry.parameters import DivisibleBy, Parameter


class DualBranchUNet(nn.Module):
    """A U-Net with a main and an auxiliary decoder; ``channels`` are the widths of its levels, the finest first."""

    def __init__(self, channels: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(
            two_convolutions(*widths, style=LEAKY) for widths in itertools.pairwise([1, *channels])
        )
        self.pool = nn.MaxPool3d(2)
        self.main_decoder, self.auxiliary_decoder = _decoder(channels), _decoder(channels)
        self.main_head, self.auxiliary_head = (Convolution(3, channels[0], 1, 1, conv_only=True) for _ in range(2))
        self.dropout = nn.Dropout3d(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits: (B, 2, 1, *spatial) in training, main decoder first, else (B, 1, *spatial) of that alone."""
        features: list[torch.Tensor] = []
        for number, convolutions in enumerate(self.encoder):
            features.append(convolutions(self.pool(features[-1]) if number else x))
        main = self.main_head(_decoded(self.main_decoder, features))
        if not self.training:
            return main
        disturbed = [self.dropout(feature) for feature in features]
        return torch.stack([main, self.auxiliary_head(_decoded(self.auxiliary_decoder, disturbed))], dim=1)


def dual_branch_unet(
    patch_size: Annotated[Sequence[int], DivisibleBy(lambda channels: 2 ** (len(channels) - 1), several=True)],
    channels: Annotated[
        Sequence[int], Parameter("Width of each level, full resolution first.", at_least=1, items=(3, None))
    ],
    dropout: Annotated[
        float, Parameter("Share of feature maps hidden from the auxiliary decoder.", at_least=0, below=1)
    ] = 0.5,
) -> DualBranchUNet:
    """Return a U-Net with two decoders, for `dmpls` and `dmsps`; the second one sees features with dropout.

    Luo et al. 2022 (arXiv 2203.02106); with instance norm in place of batch norm, as patches are few. The main decoder
    predicts.
    """
    return DualBranchUNet(channels, dropout)


def _decoder(channels: Sequence[int]) -> nn.ModuleList:
    return nn.ModuleList(
        Merge(
            nn.Sequential(
                upsampling(coarse, interp_mode="trilinear", align_corners=False),
                Convolution(3, coarse, fine, kernel_size=1, conv_only=True),
            ),
            two_convolutions(2 * fine, fine, style=LEAKY),
        )
        for coarse, fine in itertools.pairwise(reversed(channels))
    )


def _decoded(decoder: nn.ModuleList, features: Sequence[torch.Tensor]) -> torch.Tensor:
    *skips, x = features
    for merge, skip in zip(decoder, reversed(skips), strict=True):
        x = merge(x, skip)
    return x
