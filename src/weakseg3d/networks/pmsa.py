"""Probabilistic multi-head self-attention (PMSA) of PW4MedSeg, without its (B, heads, N, N, 2d) tensor."""

import math

import torch
from monai.networks.blocks.selfattention import SABlock
from torch import nn


class PMSA(SABlock):
    """Self-attention whose scores are Gaussian: drawn in training and in prediction.

    For query i and key j of a head, (mu_ij, logvar_ij) = W [q_i ; k_j] + b with one linear map for all heads, and
    the score is mu_ij + exp(logvar_ij / 2) eps_ij. W acts on q and k apart, so mu and logvar are sums of a
    term of i and a term of j. After `forward`, ``kl`` (B,) is the divergence from the prior
    N(q_i.k_j / sqrt(d), prior_std^2), averaged over heads, i and j. PW4MedSeg, arXiv 2403.02566.
    """

    def __init__(self, hidden_size, num_heads, prior_std=1.0):
        super().__init__(hidden_size, num_heads)
        self.mu_logvar = nn.Linear(2 * self.dim_head, 2)
        self.prior_std = prior_std
        self.kl = None

    def forward(self, x, attn_mask=None, noise=None):
        """Return the attended tokens (B, N, C) of ``x`` (B, N, C); ``noise`` (B, heads, N, N) replaces the draw.

        UNETR attends to all tokens, so ``attn_mask`` is None; MONAI's blocks pass it along.
        """
        q, k, v = self.input_rearrange(self.qkv(x))
        of_query, of_key = self.mu_logvar.weight.split(self.dim_head, dim=1)
        query_mu, query_logvar = (q @ of_query.T + self.mu_logvar.bias).unbind(dim=-1)
        key_mu, key_logvar = (k @ of_key.T).unbind(dim=-1)

        mu = query_mu[..., :, None] + key_mu[..., None, :]
        std = torch.exp(query_logvar / 2)[..., :, None] * torch.exp(key_logvar / 2)[..., None, :]
        if noise is None:
            noise = torch.randn_like(mu)
        attention = torch.softmax(mu + std * noise, dim=-1)

        deviation = mu - (q @ k.mT) * self.scale
        mean_logvar = query_logvar.mean(dim=(1, 2)) + key_logvar.mean(dim=(1, 2))
        spread = (deviation.square() + std.square()).mean(dim=(1, 2, 3)) / self.prior_std**2
        self.kl = -0.5 * (1 + mean_logvar - 2 * math.log(self.prior_std) - spread)

        return self.drop_output(self.out_proj(self.out_rearrange(attention @ v)))
