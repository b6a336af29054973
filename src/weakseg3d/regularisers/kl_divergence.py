"""The divergence of a network's noise from its prior."""

import torch


def kl_divergence(divergence: torch.Tensor) -> torch.Tensor:
    """Return the KL divergence of probabilistic attention from its prior, summed over layers and averaged over samples.

    ``divergence`` (B,) is the sum over the network's layers (`weakseg3d.networks.noise.divergence`). PW4MedSeg,
    arXiv 2403.02566.
    """
    return divergence.mean()
