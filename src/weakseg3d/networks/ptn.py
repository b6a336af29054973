"""UNETR from MONAI, and PW4MedSeg's probabilistic transformer network (PTN): UNETR with PMSA in every block."""

from monai.networks.nets.unetr import UNETR

from weakseg3d.networks.pmsa import PMSA


def build_unetr(patch_size, feature_size=16, hidden_size=768, mlp_size=3072, heads=12):
    """Return UNETR: 12 layers, tokens of 16^3 voxels, skips after layers 3, 6 and 9 counted from 0.

    ``patch_size`` (z, y, x) must be divisible by 16. The defaults are the published size (arXiv 2103.10504).
    """
    return UNETR(
        in_channels=1,
        out_channels=1,
        img_size=patch_size,
        feature_size=feature_size,
        hidden_size=hidden_size,
        mlp_dim=mlp_size,
        num_heads=heads,
        norm_name="instance",
    )


def build_ptn(patch_size, feature_size=16, hidden_size=768, mlp_size=3072, heads=12, prior_std=1.0):
    """Return the PTN: `build_unetr` with `PMSA` in place of every block's attention (arXiv 2403.02566)."""
    network = build_unetr(patch_size, feature_size, hidden_size, mlp_size, heads)
    for block in network.vit.blocks:
        block.attn = PMSA(hidden_size, heads, prior_std)
    return network


def kl_divergence(network):
    """Return the sum over PMSA layers of their divergence (B,) in the last forward pass, 0 without PMSA."""
    return sum(module.kl for module in network.modules() if isinstance(module, PMSA))
