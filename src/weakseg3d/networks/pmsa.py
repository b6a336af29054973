"""Probabilistic multi-head self-attention (PMSA) of PW4MedSeg, without its (B, heads, N, N, 2d) tensor."""

import math

import torch
from monai.networks.blocks.selfattention import SABlock
from torch import nn


class PMSA(SABlock):
    """Self-attention whose scores are Gaussian: drawn in training and in prediction.

    For query i and key j of a head, (mu_ij, logvar_ij) = W [q_i ; k_j] + b with one linear map for all heads, and
    the score is mu_ij + exp(logvar_ij / 2) eps_ij. W acts on q and k apart, so mu and logvar are sums of a
    term of i and a term of j. With ``mean="dot_product"`` the mean is q_i.k_j / sqrt(d) instead, and W's row for
    it goes unused. After `forward`, ``kl`` (B,) is the divergence from the prior N(q_i.k_j / sqrt(d), prior_std^2),
    averaged over heads, i and j. PW4MedSeg, arXiv 2403.02566.
    """

    def __init__(self, hidden_size, num_heads, prior_std=1.0, mean="learned"):
        super().__init__(hidden_size, num_heads)
        self.mu_logvar = nn.Linear(2 * self.dim_head, 2)
        self.prior_std = prior_std
        self.mean = mean
        self.kl = None

    def forward(self, x, attn_mask=None, noise=None):
        """Return the attended tokens (B, N, C) of ``x`` (B, N, C); ``noise`` (B, heads, N, N) replaces the draw.

        UNETR attends to all tokens, so ``attn_mask`` is None; MONAI's blocks pass it along.
        """
        q, k, v = self.input_rearrange(self.qkv(x))
        of_query, of_key = self.mu_logvar.weight.split(self.dim_head, dim=1)
        query_mu, query_logvar = (q @ of_query.T + self.mu_logvar.bias).unbind(dim=-1)
        key_mu, key_logvar = (k @ of_key.T).unbind(dim=-1)

        std = torch.exp(query_logvar / 2)[..., :, None] * torch.exp(key_logvar / 2)[..., None, :]
        # A softmax over j does not see the query's part of the learned mean.
        mu = key_mu[..., None, :] if self.mean == "learned" else (q @ k.mT) * self.scale
        noise = torch.randn_like(std) if noise is None else noise
        attention = torch.softmax(torch.addcmul(mu, std, noise), dim=-1)

        deviation = self._squared_deviation(q, k, query_mu, key_mu) if self.mean == "learned" else 0.0
        self.kl = self._divergence(query_logvar.float(), key_logvar.float(), deviation)
        return self.drop_output(self.out_proj(self.out_rearrange(attention @ v)))

    @torch.autocast("cpu", enabled=False)
    @torch.autocast("cuda", enabled=False)
    def _squared_deviation(self, q, k, query_mu, key_mu):
        """Return the mean over heads, i and j of (mu_ij - q_i.k_j / sqrt(d))^2, (B,).

        mu_ij - q_i.k_j / sqrt(d) is the inner product of [q_i / -sqrt(d), mu_i, 1] and [k_j, 1, mu_j], and the sum
        of its squares over all pairs that of the products of two (d + 2)^2 matrices: no pair is looked at.
        """
        query_mu, key_mu = query_mu.float()[..., None], key_mu.float()[..., None]
        of_query = torch.cat([-self.scale * q.float(), query_mu, torch.ones_like(query_mu)], dim=-1)
        of_key = torch.cat([k.float(), torch.ones_like(key_mu), key_mu], dim=-1)
        products = (of_query.mT @ of_query) * (of_key.mT @ of_key)
        return products.sum(dim=(-2, -1)).mean(dim=1) / (q.shape[-2] * k.shape[-2])

    def _divergence(self, query_logvar, key_logvar, deviation):
        """Return the mean divergence (B,) from log-variances (B, heads, N) and the mean squared deviation (B,)."""
        logvar = query_logvar.mean(dim=(1, 2)) + key_logvar.mean(dim=(1, 2))
        variance = (query_logvar.exp().mean(dim=2) * key_logvar.exp().mean(dim=2)).mean(dim=1)
        return -0.5 * (1 + logvar - 2 * math.log(self.prior_std) - (deviation + variance) / self.prior_std**2)
