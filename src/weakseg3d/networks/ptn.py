"""UNETR from MONAI, and PW4MedSeg's probabilistic transformer network (PTN): UNETR with PMSA in every block."""

import torch
from monai.networks.blocks.patchembedding import PatchEmbeddingBlock
from monai.networks.blocks.unetr_block import UnetrUpBlock
from monai.networks.nets.unetr import UNETR
from torch import nn

from weakseg3d.networks.pmsa import PMSA

ATTENTIONS = {"pmsa": "learned", "pmsa_dot_product": "dot_product"}
"""Stochastic attentions and where the mean of their scores comes from; the third kind is `deterministic`."""


class UnrolledUNETR(UNETR):
    """MONAI's UNETR, cut where its randomness begins: the input's convolutions and embedding, then the rest."""

    def embed(self, x):
        """Return what does not depend on attention: features (B, C, *spatial) and tokens (B, N, hidden) of ``x``."""
        return self.encoder1(x), self.vit.patch_embedding(x)

    def attend(self, features, tokens):
        """Return the logits (B, 1, *spatial) of what `embed` returned."""
        hidden = []
        for block in self.vit.blocks:
            tokens = block(tokens)
            hidden.append(tokens)
        decoded = self.decoder5(self.proj_feat(self.vit.norm(tokens)), self.encoder4(self.proj_feat(hidden[9])))
        decoded = self.decoder4(decoded, self.encoder3(self.proj_feat(hidden[6])))
        decoded = self.decoder3(decoded, self.encoder2(self.proj_feat(hidden[3])))
        return self.out(self.decoder2(decoded, features))

    def forward(self, x):
        """Return the logits (B, 1, *spatial) of ``x`` (B, 1, *spatial)."""
        return self.attend(*self.embed(x))


def build_unetr(
    patch_size,
    feature_size=16,
    hidden_size=768,
    mlp_size=3072,
    heads=12,
    token_size=(16, 16, 16),
    embedding="perceptron",
):
    """Return UNETR: 12 layers, one token per ``token_size`` voxels, skips after layers 3, 6 and 9 counted from 0.

    ``patch_size`` (z, y, x) must be divisible by ``token_size`` (z, y, x), and that by 8: three of the four
    upsamplings double the grid of tokens, the last one does the rest. The defaults are the published size (arXiv
    2103.10504), with PW4MedSeg's linear ``embedding`` of the tokens; ``conv`` computes the same from other initial
    weights.
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
    for block in network.vit.blocks:
        # MONAI keeps the norm of a cross-attention that UNETR does not have; the published layout lacks it.
        block.norm_cross_attn = nn.Identity()
    return network


def build_ptn(patch_size, attention="pmsa", prior_std=1.0, **size):
    """Return the PTN: `build_unetr` with `PMSA` in place of every block's attention (arXiv 2403.02566).

    ``attention`` is one of `ATTENTIONS`, or ``deterministic`` for plain UNETR; ``size`` goes to `build_unetr`.
    Parameters have the order and the shapes of the published network, except for its class token, which no
    computation uses.
    """
    network = build_unetr(patch_size, **size)
    if attention != "deterministic":
        for block in network.vit.blocks:
            block.attn = PMSA(network.hidden_size, block.attn.num_heads, prior_std, ATTENTIONS[attention])
    return network


def passes(network, x, number):
    """Yield the logits (B, 1, *spatial) of ``number`` forward passes of ``x``, which differ by their noise alone.

    The part of a UNETR that comes before attention is computed once.
    """
    if isinstance(network, UnrolledUNETR):
        features, tokens = network.embed(x)
        yield from (network.attend(features, tokens) for _ in range(number))
    else:
        yield from (network(x) for _ in range(number))


def kl_divergence(network):
    """Return the sum over PMSA layers of their divergence (B,) in the last forward pass, a scalar 0 without PMSA."""
    return sum((module.kl for module in network.modules() if isinstance(module, PMSA)), torch.zeros(()))
