"""What PA-Seg's three U-Nets (arXiv 2208.05669) share, from MONAI's blocks.

They compute the same as the published networks, with two exceptions. The published networks return two class logits,
but softmax and argmax, at any temperature, depend only on their difference. Here the head has two channels as well, so
that it learns as fast, and the network returns the difference. In the 2.5-D U-Net the features are concatenated in the
opposite order. The published axes are (y, x, z), ours (z, y, x).
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

import torch
from monai.networks.blocks.convolutions import Convolution
from monai.networks.blocks.upsample import UpSample
from torch import nn

from weakseg3d.registry.parameters import DivisibleBy, Parameter

FLAT = (1, 3, 3)
CUBE = (3, 3, 3)
PLAIN: Mapping[str, Any] = {"norm": "instance", "act": ("relu", {"inplace": True})}
LEAKY: Mapping[str, Any] = {
    "norm": ("instance", {"affine": True}),
    "act": ("leakyrelu", {"negative_slope": 0.01, "inplace": True}),
}
"""`PLAIN` is the norm and activation of the two 3-D networks, `LEAKY` of the 2.5-D one."""

BaseFeatures = Annotated[int, Parameter("Width of the finest level.", at_least=1)]
Levels = Annotated[
    int, Parameter("Number of levels; each further level halves the grid and doubles the width.", at_least=3)
]
PatchSize = Annotated[Sequence[int], DivisibleBy(lambda levels: 2 ** (levels - 1), several=True)]
"""What the three networks have in their signatures."""


class PASegUNet(nn.Module):
    """A U-Net: convolutions with max-pooling by 2 between the levels, then one `Merge` per level on the way up.

    ``encoder`` starts with the full resolution and ``decoder`` ends with it; ``head`` returns two channels.
    """

    def __init__(self, encoder: Iterable[nn.Module], decoder: Iterable[nn.Module], head: nn.Module) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(encoder)
        self.pool = nn.MaxPool3d(2)
        self.decoder = nn.ModuleList(decoder)
        self.head = head

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (B, 1, *spatial) of ``x`` (B, 1, *spatial)."""
        *finer, coarsest = self.encoder
        skips = []
        for convolutions in finer:
            skips.append(convolutions(x))
            x = self.pool(skips[-1])
        x = coarsest(x)
        for merge in self.decoder:
            x = merge(x, skips.pop())
        return self.head(x).diff(dim=1)


class Merge(nn.Module):
    """One level of a decoder: upsampling, concatenation with the encoder's features, two convolutions."""

    def __init__(self, up: nn.Module, convolutions: nn.Module, gate: nn.Module | None = None) -> None:
        super().__init__()
        self.up = up
        self.convolutions = convolutions
        self.gate = gate

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        """Return this level's features from those of the coarser level, ``x``, and of the encoder, ``skip``."""
        x = self.up(x)
        if self.gate is not None:
            skip = self.gate(g=x, x=skip)
        return self.convolutions(torch.cat([skip, x], dim=1))


def unet_with_gates(base_features: int, levels: int, gate: Callable[[int], nn.Module | None]) -> PASegUNet:
    """Return PA-Seg's 3-D U-Net with ``gate(width)``, or nothing for None, in the skip connection of each level."""
    widths = [base_features * 2**level for level in range(levels)]
    encoder = list(map(two_convolutions, [1, *widths[:-1]], widths))
    decoder = [
        Merge(
            upsampling(coarse, interp_mode="nearest", align_corners=None, post_conv=_convolution(coarse, width)),
            two_convolutions(2 * width, width),
            gate(width),
        )
        for width, coarse in itertools.pairwise(widths)
    ]
    return PASegUNet(encoder, decoder[::-1], Convolution(3, widths[0], 2, kernel_size=1, conv_only=True))


def two_convolutions(
    in_channels: int, out_channels: int, kernel_size: Sequence[int] = CUBE, style: Mapping[str, Any] = PLAIN
) -> nn.Sequential:
    """Return two convolutions, each with the norm and activation of ``style``."""
    return nn.Sequential(
        _convolution(in_channels, out_channels, kernel_size, style),
        _convolution(out_channels, out_channels, kernel_size, style),
    )


def _convolution(
    in_channels: int, out_channels: int, kernel_size: Sequence[int] = CUBE, style: Mapping[str, Any] = PLAIN
) -> Convolution:
    return Convolution(3, in_channels, out_channels, kernel_size=kernel_size, **style)


def upsampling(channels: int, **settings: Any) -> UpSample:
    """Return an upsampling by 2 of ``channels`` features without learnt weights."""
    return UpSample(3, channels, channels, mode="nontrainable", **settings)
