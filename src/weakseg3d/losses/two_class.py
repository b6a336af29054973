"""A pair of class logits reduced to a single logit."""

import torch
from torch.nn.functional import logsigmoid


def foreground_logit(logits: torch.Tensor) -> torch.Tensor:
    """Return the logit z (B, 1, *spatial) of the foreground, in at least single precision.

    ``logits`` are z itself, or (B, 2, *spatial) with background and foreground. In that case z is their difference,
    because a softmax over two classes, an argmax, a temperature and a linear resizing depend on nothing else. The
    probabilities are sigmoid(-z) and sigmoid(z). Raises ValueError for any other number of channels.
    """
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if logits.shape[1] == 1:
        return logits
    if logits.shape[1] == 2:
        background, foreground = logits.split(1, dim=1)
        return foreground - background
    raise ValueError(f"logits must have 1 or 2 channels, not {logits.shape[1]}")


def class_probabilities(logits: torch.Tensor) -> torch.Tensor:
    """Return the probabilities of background and foreground (B, 2, *spatial) of ``logits`` (B, 1 or 2, *spatial)."""
    z = foreground_logit(logits)
    return torch.cat([torch.sigmoid(-z), torch.sigmoid(z)], dim=1)


def log_probabilities(logits: torch.Tensor) -> torch.Tensor:
    """Return the logarithms of `class_probabilities`, which stay finite where a probability is rounded to 0."""
    z = foreground_logit(logits)
    return torch.cat([logsigmoid(-z), logsigmoid(z)], dim=1)


def mixture(first: torch.Tensor, second: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """Return ``share`` of the ``first`` probabilities and the rest of the ``second``, without a gradient."""
    return share * first.detach() + (1 - share) * second.detach()
