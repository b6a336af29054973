"""Every file in tests/data/ holds inputs and outputs of published code, which ours must equal.

A new file needs no code if its name begins with one of `KINDS`: its parameters and its cases are read from it.
"""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from weakseg3d.annotations.farthest_points import farthest_point_sampling
from weakseg3d.losses import build_loss
from weakseg3d.losses.partial_dice_ce import partial_dice_ce
from weakseg3d.losses.two_class import foreground_logit
from weakseg3d.networks.pmsa import PMSA
from weakseg3d.pseudo_labels.gaussian import gaussian_label
from weakseg3d.pseudo_labels.geodesic_distance import distance_from
from weakseg3d.regularisers import regulariser
from weakseg3d.regularisers.multi_view_crf import gated_crf, multi_view_gated_crf
from weakseg3d.regularisers.variance import variance
from weakseg3d.training.distillation_kl import distillation_kl

FILES = sorted((Path(__file__).parent / "data").glob("*.npz"))


def check_gradient(value, expected, gradients):
    """Compare a scalar and its gradient by each tensor in ``gradients``, ``[(tensor, expected gradient), ...]``."""
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    computed = torch.autograd.grad(value, [tensor for tensor, _ in gradients])
    for gradient, (_, golden) in zip(computed, gradients, strict=True):
        torch.testing.assert_close(gradient, golden, rtol=1e-4, atol=1e-5 * golden.abs().max().item())


def check_of_two_classes(loss, golden, logits="logits", gradient="grad_logits"):
    """Compare a ``loss`` of the published two channels, and of their difference, which is our networks' one channel."""
    both, expected = golden[logits], golden[gradient]
    for tensor, wanted in ((both, expected), (foreground_logit(both), expected[:, 1:])):
        leaf = tensor.detach().clone().requires_grad_()
        check_gradient(loss(leaf), golden["loss"], [(leaf, wanted)])


def check_farthest_points(golden):
    candidates, number = golden["candidates"].numpy(), int(golden["n"])
    assert (farthest_point_sampling(candidates, number) == golden["selected"].numpy()).all()


def check_gaussian_label(golden):
    points, sigma = golden["points"].numpy(), float(golden["delta"])
    label = gaussian_label(np.argwhere(points), points.shape, (1, 1, 1), sigma)
    np.testing.assert_allclose(label, golden["label"], rtol=1e-5, atol=1e-6)
    assert ((label > 0.5) == golden["label_thresholded_0p5"].numpy().astype(bool)).all()


def check_geodesic_distance(golden):
    """Ours is the exact distance; four raster scans, as published, are never shorter."""
    image, seeds, spacing = (golden[name].numpy() for name in ("image", "seeds", "spacing"))
    distance = distance_from(image, seeds, spacing, float(golden["lam"]))
    np.testing.assert_allclose(distance, golden["exact_26_neighbour"], rtol=1e-4, atol=1e-6)
    assert (distance <= golden["raster_scan_4_iterations"].numpy() * (1 + 1e-5)).all()


def check_gated_crf(golden):
    image, radius = golden["image"], int(golden["radius"])
    sigmas = {name: float(golden[name]) for name in ("sigma_xy", "sigma_intensity")}
    check_of_two_classes(lambda logits: multi_view_gated_crf(logits, image, radius=radius, **sigmas), golden)
    views = [gated_crf(golden["logits"], image, axis, radius, **sigmas) for axis in (2, 1, 0)]
    torch.testing.assert_close(torch.stack(views), golden["loss_per_view"], rtol=1e-5, atol=0)


def check_variance(golden):
    check_of_two_classes(lambda logits: variance(logits, golden["image"]), golden)


def check_partial_dice_ce(golden):
    check_of_two_classes(lambda logits: partial_dice_ce(logits, golden["target"]), golden)


def check_distillation(golden):
    def loss(student):
        return distillation_kl(student, golden["teacher_logits"], float(golden["T"]))

    check_of_two_classes(loss, golden, "student_logits", "grad_student")


def check_attention(golden):
    attention = PMSA(golden["x"].shape[-1], int(golden["num_heads"]), float(golden["prior_std"]), "learned")
    names = {"qkv.weight": "qkv_weight", "out_proj.weight": "out_weight", "out_proj.bias": "out_bias"}
    names |= {"mu_logvar.weight": "mu_logvar_weight", "mu_logvar.bias": "mu_logvar_bias"}
    attention.load_state_dict({ours: golden[theirs] for ours, theirs in names.items()})
    x = golden["x"].requires_grad_()
    y = attention(x, noise=golden["eps"])
    torch.testing.assert_close(y, golden["y"], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(attention.kl, golden["kl"], rtol=1e-5, atol=1e-6)
    (gradient,) = torch.autograd.grad(y.square().mean() + attention.kl.mean(), x)
    expected = golden["grad_x_of_mean_y2_plus_mean_kl"]
    torch.testing.assert_close(gradient, expected, rtol=1e-5, atol=1e-5 * expected.abs().max().item())


def check_losses_of_pw4medseg(golden):
    """Each loss, named in the file, alone and with the published weight of the divergence."""
    divergence = golden["nll_per_layer"].sum(dim=0).mean()
    names = [re.fullmatch(r"(\w+)__w_nll_([\d.]+)__total", name) for name in golden]
    for name, weight in (match.groups() for match in names if match):
        logits = golden["logits"].clone().requires_grad_()
        value = build_loss({name: {}})(logits=logits, target=golden["target"], threshold=0.5)
        expected = golden[f"{name}__w_nll_{weight}__total"]
        gradient = golden[f"{name}__w_nll_{weight}__grad"]
        check_gradient(value + float(weight) * divergence, expected, [(logits, gradient)])


def check_boundary_loss(golden):
    """The distance map is that of the target; the divergence is not part of these values."""
    for case in cases(golden):
        logits = golden[f"{case}__logit"].requires_grad_()
        value = build_loss({"ce_dice_boundary": {}})(logits=logits, target=golden[f"{case}__target"], threshold=0.5)
        check_gradient(value, golden[f"{case}__total"], [(logits, golden[f"{case}__grad"])])


# PyMIC's values by their names: our regulariser or loss with its parameters.
PYMIC = {
    "entropy": ("entropy", {}),
    "total_variation": ("total_variation", {}),
    "mumford_shah_l1": ("mumford_shah", {"length_weight": 0.7}),
    "mumford_shah_l2": ("mumford_shah", {"length_weight": 0.7, "penalty": "l2"}),
    "dmpls": ("dmpls", {}),
    "dmsps_twice": ("dmsps", {}),
    "dmsps_once": ("dmsps", {"softmax": "once"}),
}


def check_baselines_of_pymic(golden):
    """Values and gradients of PyMIC 0.6.2's classes and, for DMPLS and DMSPS, of the lines of its training loops."""
    for case in cases(golden):
        quantities = {name.split("__")[1] for name in golden if name.startswith(f"{case}__") and name.count("__") == 2}
        for quantity in quantities:
            heads = [golden[f"{case}__logits"].clone().requires_grad_()]
            if f"{case}__{quantity}__grad_second" in golden:
                heads.append(golden[f"{case}__logits_second"].clone().requires_grad_())
            image, target, share = (golden[f"{case}__{name}"] for name in ("image", "target", "alpha"))
            value = value_of_pymic(quantity, heads, image, target, share)
            expected = [golden[f"{case}__{quantity}__{suffix}"] for suffix in ("grad", "grad_second")[: len(heads)]]
            check_gradient(value, golden[f"{case}__{quantity}"], list(zip(heads, expected, strict=True)))


def value_of_pymic(quantity, heads, image, target, share):
    """Return a quantity of PyMIC's; ``share`` is that of the first decoder in the mixture, which is drawn otherwise."""
    if quantity.startswith("generalised_cross_entropy_"):
        loss = build_loss({"generalised_cross_entropy": {"q": float(quantity.rpartition("_")[2])}})
        return loss(logits=heads[0], target=target)
    name, parameters = PYMIC[quantity]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "rand", lambda *size, **options: share)
        outputs = torch.stack(heads, dim=1) if len(heads) > 1 else None
        return regulariser(name, parameters).call(logits=heads[0], image=image, outputs=outputs)


def cases(golden):
    return sorted({name.partition("__")[0] for name in golden})


KINDS = {
    "ce_dice_boundary": check_boundary_loss,
    "distillation_kl": check_distillation,
    "farthest_point_sampling": check_farthest_points,
    "gated_crf_multiview": check_gated_crf,
    "gaussian_label": check_gaussian_label,
    "geodesic_distance": check_geodesic_distance,
    "partial_dice_ce": check_partial_dice_ce,
    "pmsa": check_attention,
    "pw4medseg_losses": check_losses_of_pw4medseg,
    "pymic_baselines": check_baselines_of_pymic,
    "variance_minimization": check_variance,
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_ours_equals_the_published_code(path):
    kinds = [kind for kind in KINDS if path.stem.startswith(kind)]
    assert kinds, f"{path.name}: its name must begin with one of {', '.join(KINDS)}; for a new kind, add a check here"
    golden = {name: torch.tensor(array) for name, array in np.load(path).items()}
    KINDS[max(kinds, key=len)](golden)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_another_output_would_be_noticed(path):
    """Every number that the published code computed is compared: a change of any of them fails."""
    golden = {name: torch.tensor(array) for name, array in np.load(path).items()}
    check = KINDS[max((kind for kind in KINDS if path.stem.startswith(kind)), key=len)]
    outputs = ("total", "grad", "loss", "label", "exact", "selected", "kl", "y")
    for name in golden:
        if name.split("__")[-1].startswith(outputs):
            changed = dict(golden)
            value = golden[name]
            changed[name] = ~value if value.dtype == torch.bool else value * 2 + 1
            with pytest.raises(AssertionError):
                check({key: tensor.clone() for key, tensor in changed.items()})
