"""UNETR from MONAI, and PW4MedSeg's probabilistic transformer network (PTN): UNETR with PMSA in every block."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from monai.networks.blocks.patchembedding import PatchEmbeddingBlock
from monai.networks.blocks.transformerblock import TransformerBlock
from monai.networks.blocks.unetr_block import UnetrUpBlock
from monai.networks.nets.unetr import UNETR
from torch import nn

from weakseg3d.networks.pmsa import PMSA

ATTENTIONS = {"pmsa": "learned", "pmsa_dot_product": "dot_product"}
"""The two stochastic attentions and the ``mean`` of their `PMSA`; the third kind of attention is ``deterministic``."""


class UnrolledUNETR(UNETR):
    """MONAI's UNETR in two parts: the convolutions and embedding of the input, then everything that may be random."""

    def embed(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the features (B, C, *spatial) and tokens (B, N, hidden) of ``x``, neither of which uses attention."""
        return self.encoder1(x), self.vit.patch_embedding(x)

    def attend(self, features: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Return the logits (B, 1, *spatial) from the ``features`` and ``tokens`` that `embed` returned."""
        hidden = []
        for block in self.vit.blocks:
            tokens = block(tokens)
            hidden.append(tokens)
        decoded = self.decoder5(self.proj_feat(self.vit.norm(tokens)), self.encoder4(self.proj_feat(hidden[9])))
        decoded = self.decoder4(decoded, self.encoder3(self.proj_feat(hidden[6])))
        decoded = self.decoder3(decoded, self.encoder2(self.proj_feat(hidden[3])))
        return self.out(self.decoder2(decoded, features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (B, 1, *spatial) of ``x`` (B, 1, *spatial)."""
        return self.attend(*self.embed(x))


def build_unetr(
    patch_size: Sequence[int],
    feature_size: int = 16,
    hidden_size: int = 768,
    mlp_size: int = 3072,
    heads: int = 12,
    token_size: Sequence[int] = (16, 16, 16),
    embedding: str = "perceptron",
) -> UnrolledUNETR:
    """Return UNETR: 12 layers, one token per ``token_size`` voxels, skips after layers 3, 6 and 9 counted from 0.

    ``patch_size`` (z, y, x) must be divisible by ``token_size`` (z, y, x), and ``token_size`` by 8: three of the four
    upsamplings double the grid of tokens, and the last one makes up the remaining factor. The defaults are the
    published size (arXiv 2103.10504), with PW4MedSeg's linear ``embedding`` of the tokens; ``conv`` computes the same
    function but starts from different weights.
    """
    tokens = [n // t for n, t in zip(patch_size, token_size, strict=True)]
    network = UnrolledUNETR(
        in_channels=1,
        out_channels=1,
        img_size=[16 * n for n in tokens],
        feature_size=feature_size,
        hidden_size=hidden_size,
        mlp_dim=mlp_size,
        num_heads=heads,
        proj_type=embedding,
        norm_name="instance",
    )
    if tuple(token_size) != (16, 16, 16):
        network.vit.patch_embedding = PatchEmbeddingBlock(
            1, patch_size, token_size, hidden_size, heads, proj_type=embedding
        )
        network.decoder2 = UnetrUpBlock(
            spatial_dims=3,
            in_channels=2 * feature_size,
            out_channels=feature_size,
            kernel_size=3,
            upsample_kernel_size=[t // 8 for t in token_size],
            norm_name="instance",
            res_block=True,
        )
    for block in _transformer_blocks(network):
        # MONAI's block has the norm of a cross-attention that UNETR does not use; the published layout lacks it.
        block.register_module("norm_cross_attn", nn.Identity())
    return network


def build_ptn(patch_size: Sequence[int], attention: str = "pmsa", prior_std: float = 1.0, **size: Any) -> UnrolledUNETR:
    """Return the PTN: `build_unetr` with `PMSA` in place of every block's attention (arXiv 2403.02566).

    ``attention`` is one of `ATTENTIONS`, or ``deterministic`` for plain UNETR; ``size`` is passed to `build_unetr`.
    The parameters have the order and the shapes of the published network, except that its class token, which no
    computation uses, is missing.
    """
    network = build_unetr(patch_size, **size)
    if attention != "deterministic":
        for block in _transformer_blocks(network):
            block.attn = PMSA(network.hidden_size, block.attn.num_heads, prior_std, ATTENTIONS[attention])
    return network


def forward_passes(network: nn.Module, x: torch.Tensor, number: int) -> Iterator[torch.Tensor]:
    """Yield the logits (B, 1, *spatial) of ``number`` forward passes of ``x``, which differ only by their noise.

    The part of a UNETR that comes before attention is computed once.
    """
    if isinstance(network, UnrolledUNETR):
        features, tokens = network.embed(x)
        yield from (network.attend(features, tokens) for _ in range(number))
    else:
        yield from (network(x) for _ in range(number))


def kl_divergence(network: nn.Module) -> torch.Tensor:
    """Return the sum over PMSA layers of their divergence (B,) in the last forward pass, a scalar 0 without PMSA."""
    return sum((module.kl for module in network.modules() if isinstance(module, PMSA)), torch.zeros(()))


def _transformer_blocks(network: UnrolledUNETR) -> list[TransformerBlock]:
    return [block for block in network.vit.blocks if isinstance(block, TransformerBlock)]
