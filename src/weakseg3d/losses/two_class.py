"""A pair of class logits reduced to a single logit."""

import torch


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
