"""The usual loss of full supervision."""

from monai.losses import DiceCELoss

_dice_ce = DiceCELoss(sigmoid=True, batch=True)


def dice_ce(logits, target, threshold=0.5):
    """Return MONAI's Dice plus cross-entropy of ``logits`` against [target > threshold]."""
    return _dice_ce(logits, (target > threshold).to(logits.dtype))
