"""PA-Seg's three U-Nets (arXiv 2208.05669), from MONAI's blocks.

They compute the same as the published networks, with two exceptions. The published networks return two class logits,
but softmax and argmax, at any temperature, depend only on their difference. Here the head has two channels as well, so
that it learns as fast, and the network returns the difference. In the 2.5-D U-Net the features are concatenated in the
opposite order. The published axes are (y, x, z), ours (z, y, x).
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from monai.networks.blocks.convolutions import Convolution
from monai.networks.blocks.upsample import UpSample
from monai.networks.nets.attentionunet import AttentionBlock
from monai.networks.nets.dynunet import DynUNet
from torch import nn

FLAT = (1, 3, 3)
CUBE = (3, 3, 3)
PLAIN: Mapping[str, Any] = {"norm": "instance", "act": ("relu", {"inplace": True})}
LEAKY: Mapping[str, Any] = {
    "norm": ("instance", {"affine": True}),
    "act": ("leakyrelu", {"negative_slope": 0.01, "inplace": True}),
}
"""`PLAIN` is the norm and activation of the two 3-D networks, `LEAKY` of the 2.5-D one."""


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


def build_unet2d5(patch_size: Sequence[int], base_features: int = 16, levels: int = 5) -> PASegUNet:
    """Return PA-Seg's 2.5-D U-Net: on the way down, kernels are flat, (1, 3, 3), on the two finest levels.

    On the way up they are flat on the finest level only. Widths double per level, except for the coarsest. Instance
    norm is affine, the leaky ReLU has a slope of 0.01, upsampling is trilinear without a convolution, and weights are
    initialised as by He et al. ``patch_size`` (z, y, x) must be divisible by 2**(``levels`` - 1) and leave more than
    one voxel on the coarsest level.
    """
    widths = [base_features * 2**level for level in range(levels - 1)]
    kernels = [FLAT, FLAT, *[CUBE] * (levels - 2)]
    convolutions = functools.partial(_convolutions, style=LEAKY)
    encoder = list(map(convolutions, [1, *widths], [*widths, widths[-1]], kernels))
    decoder = [
        Merge(_upsampling(width, interp_mode="trilinear", align_corners=False), convolutions(2 * width, finer, kernel))
        for width, finer, kernel in zip(widths, [widths[0], *widths[:-1]], kernels[1:], strict=True)
    ]
    head = Convolution(3, widths[0], 2, kernel_size=1, bias=False, conv_only=True)
    return PASegUNet(encoder, decoder[::-1], head).apply(DynUNet.initialize_weights)


def build_unet3d(patch_size: Sequence[int], base_features: int = 16, levels: int = 5) -> PASegUNet:
    """Return PA-Seg's 3-D U-Net: widths double per level, and instance norm is not affine.

    Upsampling is nearest-neighbour, followed by a 3^3 convolution. ``patch_size`` is restricted as in `build_unet2d5`.
    """
    return _unet(base_features, levels, gate=lambda width: None)


def build_attention_unet(patch_size: Sequence[int], base_features: int = 16, levels: int = 5) -> PASegUNet:
    """Return PA-Seg's attention U-Net: `build_unet3d` with a gate in each skip connection (arXiv 1804.03999)."""
    return _unet(base_features, levels, gate=_gate)


def _unet(base_features: int, levels: int, gate: Callable[[int], nn.Module | None]) -> PASegUNet:
    widths = [base_features * 2**level for level in range(levels)]
    encoder = list(map(_convolutions, [1, *widths[:-1]], widths))
    decoder = [
        Merge(
            _upsampling(coarse, interp_mode="nearest", align_corners=None, post_conv=_convolution(coarse, width)),
            _convolutions(2 * width, width),
            gate(width),
        )
        for width, coarse in itertools.pairwise(widths)
    ]
    return PASegUNet(encoder, decoder[::-1], Convolution(3, widths[0], 2, kernel_size=1, conv_only=True))


def _gate(width: int) -> AttentionBlock:
    """Return MONAI's attention gate with the published instance norm in place of its batch norm."""
    inner = max(1, width // 2)
    gate = AttentionBlock(3, f_int=inner, f_g=width, f_l=width)
    for branch, channels in ((gate.W_g, inner), (gate.W_x, inner), (gate.psi, 1)):
        branch[1] = nn.InstanceNorm3d(channels)
    return gate


def _convolutions(
    in_channels: int, out_channels: int, kernel_size: Sequence[int] = CUBE, style: Mapping[str, Any] = PLAIN
) -> nn.Sequential:
    return nn.Sequential(
        _convolution(in_channels, out_channels, kernel_size, style),
        _convolution(out_channels, out_channels, kernel_size, style),
    )


def _convolution(
    in_channels: int, out_channels: int, kernel_size: Sequence[int] = CUBE, style: Mapping[str, Any] = PLAIN
) -> Convolution:
    return Convolution(3, in_channels, out_channels, kernel_size=kernel_size, **style)


def _upsampling(channels: int, **settings: Any) -> UpSample:
    return UpSample(3, channels, channels, mode="nontrainable", **settings)
