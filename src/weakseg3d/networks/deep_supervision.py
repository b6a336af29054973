"""Deep supervision: a loss on the outputs of coarser levels beside that of full resolution."""


def deep_supervision_loss(loss, outputs, target):
    """Return the mean of ``loss(logits, target)`` over a network's outputs, each weighing half of the finer one.

    ``outputs`` are logits (B, 1, z, y, x), or (B, outputs, 1, z, y, x) with the finest first, as MONAI's DynUNet gives
    them in training; ``target`` is (B, 1, z, y, x). The weights 1, 1/2, 1/4 ... are normalised to 1, those of nnU-Net
    (doi:10.1038/s41592-020-01008-z). nnU-Net compares a coarse output with a target of its own size, MONAI repeats
    each coarse logit over the voxels it stands for and so compares it with all of them.
    """
    heads = _heads(outputs)
    weights = [0.5**level for level in range(len(heads))]
    return sum(w * loss(logits, target) for w, logits in zip(weights, heads, strict=True)) / sum(weights)


def full_resolution(outputs):
    """Return the finest (B, 1, z, y, x) of a network's outputs, as `deep_supervision_loss` takes them."""
    return _heads(outputs)[0]


def _heads(outputs):
    return outputs.unbind(dim=1) if outputs.ndim == 6 else (outputs,)
