"""The usual loss of full supervision."""

from monai.losses import DiceCELoss

_dice_ce = DiceCELoss(sigmoid=True, batch=True)


def dice_ce(logits, target):
    """Return MONAI's Dice plus cross-entropy of ``logits`` against the target thresholded at 0.5."""
    return _dice_ce(logits, (target > 0.5).to(logits.dtype))
