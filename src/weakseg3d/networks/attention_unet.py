"""PA-Seg's U-Net with attention gates."""

from monai.networks.nets.attentionunet import AttentionBlock
from torch import nn

from weakseg3d.networks.paseg import BaseFeatures, Levels, PASegUNet, PatchSize, unet_with_gates


def attention_unet(patch_size: PatchSize, base_features: BaseFeatures = 16, levels: Levels = 5) -> PASegUNet:
    """Return PA-Seg's attention U-Net: `unet3d` with a gate in each skip connection (arXiv 1804.03999)."""
    return unet_with_gates(base_features, levels, gate=_gate)


def _gate(width: int) -> AttentionBlock:
    """Return MONAI's attention gate with the published instance norm in place of its batch norm."""
    inner = max(1, width // 2)
    gate = AttentionBlock(3, f_int=inner, f_g=width, f_l=width)
    for branch, channels in ((gate.W_g, inner), (gate.W_x, inner), (gate.psi, 1)):
        branch[1] = nn.InstanceNorm3d(channels)
    return gate
