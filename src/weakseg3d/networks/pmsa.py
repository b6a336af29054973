"""Probabilistic multi-head self-attention (PMSA) of PW4MedSeg, without its (B, heads, N, N, 2d) tensor."""

import math

import torch
from monai.networks.blocks.selfattention import SABlock
from torch import nn


class PMSA(SABlock):
    """Self-attention with Gaussian scores, which are sampled in training and in prediction.

    For query i and key j of a head, (mu_ij, logvar_ij) = W [q_i ; k_j] + b with one linear map for all heads, and
    the score is mu_ij + exp(logvar_ij / 2) eps_ij. W acts on q and k separately, so mu and logvar are each the sum of
    a term of i and a term of j. With ``mean="dot_product"`` the mean is q_i.k_j / sqrt(d) instead, and the row of W
    for the mean is unused. PW4MedSeg, arXiv 2403.02566.
    """

    kl: torch.Tensor
    """Divergence (B,) of the scores from the prior N(q_i.k_j / sqrt(d), prior_std^2) in the last `forward`, averaged
    over heads, i and j."""

    def __init__(self, hidden_size: int, num_heads: int, prior_std: float = 1.0, mean: str = "learned") -> None:
        super().__init__(hidden_size, num_heads)
        self.mu_logvar = nn.Linear(2 * self.dim_head, 2)
        self.prior_std = prior_std
        self.mean = mean

    def forward(
        self, x: torch.Tensor, attn_mask: torch.Tensor | None = None, noise: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the attended tokens (B, N, C) of ``x`` (B, N, C); ``noise`` (B, heads, N, N) replaces the samples.

        ``attn_mask``, which MONAI's blocks pass along, is ignored: UNETR attends to all tokens.
        """
        q, k, v = self.input_rearrange(self.qkv(x))
        query_weight, key_weight = self.mu_logvar.weight.split(self.dim_head, dim=1)
        query_mu, query_logvar = (q @ query_weight.T + self.mu_logvar.bias).unbind(dim=-1)
        key_mu, key_logvar = (k @ key_weight.T).unbind(dim=-1)

        std = torch.exp(query_logvar / 2)[..., :, None] * torch.exp(key_logvar / 2)[..., None, :]
        # The query's term of the learned mean is constant over j, so it cancels in the softmax.
        mu = key_mu[..., None, :] if self.mean == "learned" else (q @ k.mT) * self.scale
        noise = torch.randn_like(std) if noise is None else noise
        attention = torch.softmax(torch.addcmul(mu, std, noise), dim=-1)

        deviation = self._squared_deviation(q, k, query_mu, key_mu) if self.mean == "learned" else 0.0
        self.kl = self._divergence(query_logvar.float(), key_logvar.float(), deviation)
        return self.drop_output(self.out_proj(self.out_rearrange(attention @ v)))

    @torch.autocast("cpu", enabled=False)
    @torch.autocast("cuda", enabled=False)
    def _squared_deviation(
        self, q: torch.Tensor, k: torch.Tensor, query_mu: torch.Tensor, key_mu: torch.Tensor
    ) -> torch.Tensor:
        """Return the mean over heads, i and j of (mu_ij - q_i.k_j / sqrt(d))^2, (B,).

        ``q`` and ``k`` are (B, heads, N, d), ``query_mu`` and ``key_mu`` (B, heads, N). Each difference is the inner
        product of [q_i / -sqrt(d), mu_i, 1] and [k_j, 1, mu_j]. The sum of the squares of such products over all pairs
        equals the sum over the elementwise product of two (d + 2)^2 matrices, so no pair is formed.
        """
        query_mu, key_mu = query_mu.float()[..., None], key_mu.float()[..., None]
        query_factors = torch.cat([-self.scale * q.float(), query_mu, torch.ones_like(query_mu)], dim=-1)
        key_factors = torch.cat([k.float(), torch.ones_like(key_mu), key_mu], dim=-1)
        products = (query_factors.mT @ query_factors) * (key_factors.mT @ key_factors)
        return products.sum(dim=(-2, -1)).mean(dim=1) / (q.shape[-2] * k.shape[-2])

    def _divergence(
        self, query_logvar: torch.Tensor, key_logvar: torch.Tensor, deviation: torch.Tensor | float
    ) -> torch.Tensor:
        """Return the mean divergence (B,) from log-variances (B, heads, N) and the mean squared deviation (B,)."""
        logvar = query_logvar.mean(dim=(1, 2)) + key_logvar.mean(dim=(1, 2))
        variance = (query_logvar.exp().mean(dim=2) * key_logvar.exp().mean(dim=2)).mean(dim=1)
        return -0.5 * (1 + logvar - 2 * math.log(self.prior_std) - (deviation + variance) / self.prior_std**2)
