"""PW4MedSeg's probabilistic transformer network (PTN): UNETR with PMSA in every block."""

from typing import Annotated, Literal

from weakseg3d.networks.pmsa import PMSA
from weakseg3d.networks.unetr import (
    Embedding,
    FeatureSize,
    Heads,
    HiddenSize,
    MlpSize,
    PatchSize,
    TokenSize,
    UnrolledUNETR,
    transformer_blocks,
    unetr,
)
from weakseg3d.registry.parameters import ForDivergence, Parameter, Stochastic

MEANS = {"pmsa": "learned", "pmsa_dot_product": "dot_product"}
"""The two stochastic attentions and the ``mean`` of their `PMSA`."""


def ptn(
    patch_size: PatchSize,
    feature_size: FeatureSize = 16,
    hidden_size: HiddenSize = 768,
    mlp_size: MlpSize = 3072,
    heads: Heads = 12,
    token_size: TokenSize = (16, 16, 16),
    embedding: Embedding = "perceptron",
    attention: Annotated[
        Literal["pmsa", "pmsa_dot_product", "deterministic"],
        Parameter("How scores are sampled: around a learned mean, around q.k / sqrt(d), or not at all."),
    ] = "pmsa",
    prior_std: Annotated[
        float, Parameter("Standard deviation of the attention's prior.", above=0), ForDivergence()
    ] = 1.0,
) -> Annotated[UnrolledUNETR, Stochastic(lambda attention: attention != "deterministic")]:
    """Return PW4MedSeg's UNETR with probabilistic self-attention in every block (arXiv 2403.02566).

    With deterministic ``attention`` it is a plain UNETR. The parameters have the order and the shapes of the published
    network, except for those that no computation uses: its class token and, under its pinned MONAI 0.7, three kernels
    of shortcuts. `weakseg3d.networks.published_weights` loads its weights.
    """
    network = unetr(patch_size, feature_size, hidden_size, mlp_size, heads, token_size, embedding)
    if attention != "deterministic":
        for block in transformer_blocks(network):
            block.attn = PMSA(network.hidden_size, block.attn.num_heads, prior_std, MEANS[attention])
    return network
