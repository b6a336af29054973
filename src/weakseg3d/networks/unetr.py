"""UNETR from MONAI, with tokens of any size."""

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from monai.networks.blocks.patchembedding import PatchEmbeddingBlock
from monai.networks.blocks.transformerblock import TransformerBlock
from monai.networks.blocks.unetr_block import UnetrUpBlock
from monai.networks.nets.unetr import UNETR
from torch import nn

from weakseg3d.registry.parameters import DivisibleBy, Parameter, Rule

PatchSize = Annotated[Sequence[int], DivisibleBy(lambda token_size: token_size)]
FeatureSize = Annotated[int, Parameter("Width of the finest decoder level.", at_least=1)]
HiddenSize = Annotated[int, Parameter("Width of the tokens.", at_least=1)]
MlpSize = Annotated[int, Parameter("Width of the feed-forward layers.", at_least=1)]
Heads = Annotated[
    int,
    Parameter("Number of attention heads; must divide hidden_size.", at_least=1),
    Rule("must divide hidden_size", lambda heads, hidden_size: hidden_size % heads == 0),
]
TokenSize = Annotated[Sequence[int], Parameter("Voxels per token along (z, y, x).", at_least=8, multiple_of=8, items=3)]
Embedding = Annotated[
    Literal["perceptron", "conv"],
    Parameter("How voxels become a token: by a linear layer, or by a convolution with different initial weights."),
]


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


def unetr(
    patch_size: PatchSize,
    feature_size: FeatureSize = 16,
    hidden_size: HiddenSize = 768,
    mlp_size: MlpSize = 3072,
    heads: Heads = 12,
    token_size: TokenSize = (16, 16, 16),
    embedding: Embedding = "perceptron",
) -> UnrolledUNETR:
    """Return MONAI's UNETR: 12 layers of attention between tokens, with skips after the layers 3, 6 and 9.

    Layers are counted from 0. ``token_size`` must be divisible by 8: three of the four upsamplings double the grid of
    tokens, and the last one makes up the remaining factor. The defaults are the published size (arXiv 2103.10504), with
    PW4MedSeg's linear ``embedding`` of the tokens; ``conv`` computes the same function but starts from different
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
    for block in transformer_blocks(network):
        # MONAI's block has the norm of a cross-attention that UNETR does not use; the published layout lacks it.
        block.register_module("norm_cross_attn", nn.Identity())
    return network


def transformer_blocks(network: UnrolledUNETR) -> list[TransformerBlock]:
    """Return the 12 layers of a UNETR."""
    return [block for block in network.vit.blocks if isinstance(block, TransformerBlock)]
