"""PA-Seg's losses agree with values derived by hand and with their definitions."""

import functools
import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.nn import functional

from weakseg3d.images.labels import IGNORE
from weakseg3d.losses.partial_dice_ce import partial_dice_ce
from weakseg3d.regularisers.multi_view_crf import gated_crf, halve_in_plane, multi_view_gated_crf
from weakseg3d.regularisers.variance import variance
from weakseg3d.training.distillation_kl import distillation_kl

SHAPE = (2, 1, 3, 5, 4)

# Every loss as a function of logits, an image, a target and a teacher's logits, of which it uses what it needs.
LOSSES = {
    "partial_dice_ce": lambda logits, image, target, teacher: partial_dice_ce(logits, target),
    "multi_view_gated_crf": lambda logits, image, target, teacher: multi_view_gated_crf(logits, image, radius=2),
    "variance_minimization": lambda logits, image, target, teacher: variance(logits, image),
    "distillation_kl": lambda logits, image, target, teacher: distillation_kl(logits, teacher),
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)


def example(shape=SHAPE, dtype=torch.float64, seed=0):
    """Return logits, image, target and a teacher's logits; each sample's target contains every class."""
    generator = torch.Generator().manual_seed(seed)
    logits, image, teacher = (torch.randn(3, *shape, generator=generator, dtype=dtype) * 2).unbind()
    target = torch.randint(0, 3, shape, generator=generator).to(dtype)
    target[:, :, 0, 0, :2] = torch.tensor([0, 1], dtype=dtype)
    return logits, image / 10, target, teacher


def value_and_gradient(loss, logits, *others):
    logits = logits.detach().clone().requires_grad_()
    value = loss(logits, *others)
    value.backward()
    return value.detach(), logits.grad


def volumes(lowest=-8.0, highest=8.0):
    return arrays(np.float64, SHAPE, elements=st.floats(lowest, highest)).map(torch.tensor)


@every_loss
@pytest.mark.parametrize("channels", [1, 2])
def test_gradients_are_derivatives(loss, channels):
    logits, *others = example()
    logits = torch.cat([logits, 0.3 * logits.flip(2)], dim=1)[:, :channels].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda logits: loss(logits, *others), logits)


@every_loss
def test_two_class_logits_give_the_loss_of_their_difference(loss):
    z, *others = example()
    background = z.roll(1, 3)
    value, gradient = value_and_gradient(loss, z, *others)
    two_class_value, two_class_gradient = value_and_gradient(
        loss, torch.cat([background, background + z], dim=1), *others
    )
    torch.testing.assert_close(two_class_value, value)
    torch.testing.assert_close(two_class_gradient, torch.cat([-gradient, gradient], dim=1))


@every_loss
def test_a_batch_is_the_mean_of_its_samples(loss):
    volumes = example()
    samples = [loss(*(volume[i : i + 1] for volume in volumes)) for i in range(len(volumes[0]))]
    torch.testing.assert_close(loss(*volumes), sum(samples) / 2)


@every_loss
@pytest.mark.parametrize("order", list(itertools.permutations((2, 3, 4)))[1:])
def test_the_order_of_spatial_axes_does_not_matter(loss, order):
    volumes = example()
    value, gradient = value_and_gradient(loss, *volumes)
    permuted_value, permuted_gradient = value_and_gradient(loss, *(volume.permute(0, 1, *order) for volume in volumes))
    torch.testing.assert_close(permuted_value, value)
    torch.testing.assert_close(permuted_gradient, gradient.permute(0, 1, *order))


@every_loss
@settings(max_examples=30)
@given(logits=volumes(-1e4, 1e4), image=volumes(-1e3, 1e3), teacher=volumes(-1e4, 1e4), seed=st.integers(0, 9))
def test_losses_are_finite_and_not_negative(loss, logits, image, teacher, seed):
    target = example(seed=seed)[2]
    for dtype, tolerance in ((torch.float64, 1e-9), (torch.float32, 1e-4)):
        value, gradient = value_and_gradient(loss, *(v.to(dtype) for v in (logits, image, target, teacher)))
        assert value.dtype == dtype
        assert torch.isfinite(value)
        assert value >= -tolerance
        assert torch.isfinite(gradient).all()


@settings(max_examples=30)
@given(logits=volumes(), teacher=volumes(), image=volumes(), seed=st.integers(0, 9))
def test_classes_may_change_places(logits, teacher, image, seed):
    target = example(seed=seed)[2]
    swapped = torch.where(target == IGNORE, target, 1 - target)
    torch.testing.assert_close(partial_dice_ce(-logits, swapped), partial_dice_ce(logits, target))
    torch.testing.assert_close(distillation_kl(-logits, -teacher), distillation_kl(logits, teacher))
    torch.testing.assert_close(multi_view_gated_crf(-logits, image), multi_view_gated_crf(logits, image))


@every_loss
def test_under_autocast_losses_are_computed_in_single_precision(loss):
    logits, *others = example(dtype=torch.float32)
    convolution = torch.nn.Conv3d(1, 2, 1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = convolution(logits)
        assert output.dtype == torch.bfloat16
        value = loss(output, *others)
    value.backward()
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(output.float(), *others))
    assert torch.isfinite(convolution.weight.grad).all()


@every_loss
def test_half_precision_logits_at_the_end_of_their_range(loss):
    """The difference of the two classes exceeds the range of half precision."""
    logits, *others = example(dtype=torch.float16)
    extreme = 6e4 * logits.sign()
    value, gradient = value_and_gradient(loss, torch.cat([-extreme, extreme], dim=1), *others)
    assert value.dtype == torch.float32
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()


@every_loss
def test_losses_stay_on_the_device_of_their_inputs(loss):
    value, gradient = value_and_gradient(loss, *(volume.to("meta") for volume in example()))
    assert value.device.type == gradient.device.type == "meta"


@every_loss
def test_an_unknown_number_of_classes_is_an_error(loss):
    logits, *others = example()
    with pytest.raises(ValueError, match="1 or 2 channels, not 3"):
        loss(logits.expand(-1, 3, -1, -1, -1), *others)


# Partial Dice + cross-entropy


def test_partial_dice_ce_by_hand():
    """Probabilities 3/4 and 1/4 at one organ voxel and one background voxel; two voxels are not annotated."""
    z = torch.tensor([np.log(3), -np.log(3), 5.0, -5.0]).view(1, 1, 1, 2, 2)
    target = torch.tensor([1, 0, IGNORE, IGNORE]).view(1, 1, 1, 2, 2)
    dice = 2 * 0.75 / (1 + 1)
    assert partial_dice_ce(z, target).item() == pytest.approx(1 - dice - np.log(0.75), rel=1e-6)


def test_a_class_without_annotated_voxels_has_dice_0():
    z = torch.tensor([np.log(3), 5.0]).view(1, 1, 1, 1, 2)
    target = torch.tensor([1, IGNORE]).view(1, 1, 1, 1, 2)
    dice = 2 * 0.75 / (0.75 + 1)
    assert partial_dice_ce(z, target).item() == pytest.approx(1 - dice / 2 - np.log(0.75), rel=1e-6)


@settings(max_examples=30)
@given(volumes(), volumes(), st.integers(0, 99))
def test_voxels_without_annotation_do_not_matter(logits, others, seed):
    target = example(seed=seed)[2]
    value, gradient = value_and_gradient(partial_dice_ce, logits, target)
    changed = torch.where(target == IGNORE, others, logits)
    torch.testing.assert_close(partial_dice_ce(changed, target), value)
    assert not gradient[target == IGNORE].any()


def test_samples_without_an_annotated_voxel_do_not_count():
    logits, _, target, _ = example()
    target[0] = IGNORE
    value, gradient = value_and_gradient(partial_dice_ce, logits, target)
    torch.testing.assert_close(value, partial_dice_ce(logits[1:], target[1:]))
    assert not gradient[0].any()


def test_a_batch_without_an_annotated_voxel_gives_0_and_no_gradient():
    logits, _, target, _ = example(dtype=torch.float32)
    value, gradient = value_and_gradient(partial_dice_ce, logits, torch.full_like(target, IGNORE))
    assert value.item() == 0
    assert not gradient.any()


def test_dice_ce_against_a_teachers_argmax():
    """The published form for whole masks: Dice of softmax per sample and class, cross-entropy over all voxels."""
    logits = torch.cat([example(seed=seed)[0] for seed in (1, 2)], dim=1)
    mask = torch.cat([example(seed=seed)[0] for seed in (3, 4)], dim=1).argmax(dim=1, keepdim=True)
    p, t = logits.softmax(dim=1), torch.cat([1 - mask, mask], dim=1)
    dice = 2 * (p * t).sum((2, 3, 4)) / (p + t).sum((2, 3, 4))
    expected = 1 - dice.mean() + functional.cross_entropy(logits, mask[:, 0])
    torch.testing.assert_close(partial_dice_ce(logits, mask), expected)


# Gated CRF


def brute_force(p, image, radius, sigma_xy, sigma_intensity):
    """Return the gated CRF (float) of foreground probabilities and an image (slices, height, width)."""
    height, width = p.shape[1:]
    total, offsets = 0.0, range(-radius, radius + 1)
    for s, h, w, down, right in itertools.product(*map(range, p.shape), offsets, offsets):
        if down == right == 0:
            continue
        inside = 0 <= h + down < height and 0 <= w + right < width
        there = (h + down, w + right) if inside else (0, 0)
        other = image[s][there] if inside else 0.0
        agreement = p[s, h, w] * p[s][there] + (1 - p[s, h, w]) * (1 - p[s][there]) if inside else 0.0
        distance = ((h - there[0]) ** 2 + (w - there[1]) ** 2) / sigma_xy**2
        distance += (image[s, h, w] - other) ** 2 / sigma_intensity**2
        total += np.exp(-distance / 2) * (1 - agreement)
    return total / p.size


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("radius", [1, 2, 4])
def test_gated_crf_by_brute_force(axis, radius):
    """The largest radius extends beyond every slice."""
    logits, image, *_ = example((2, 1, 4, 5, 3))
    views = [np.moveaxis(volume.numpy()[:, 0], 1 + axis, 1) for volume in (torch.sigmoid(logits), image)]
    expected = np.mean([brute_force(p, sample, radius, 2.0, 0.3) for p, sample in zip(*views, strict=True)])
    assert gated_crf(logits, image, axis, radius, 2.0, 0.3).item() == pytest.approx(expected, rel=1e-12)


def test_gated_crf_of_two_voxels_by_hand():
    """Each voxel has one neighbour inside and seven outside, 0 voxels from the first voxel and 1 from the second."""
    p = np.array([0.8, 0.3])
    k = np.exp(-1 / 72)
    expected = (2 * k * (0.8 * 0.7 + 0.2 * 0.3) + 7 + 7 * k) / 2
    z = torch.tensor(np.log(p / (1 - p))).view(1, 1, 1, 1, 2)
    assert gated_crf(z, torch.zeros_like(z), axis=0, radius=1).item() == pytest.approx(expected, rel=1e-12)


def test_gated_crf_is_the_mean_of_its_views():
    logits, image, *_ = example()
    views = [gated_crf(logits, image, axis) for axis in range(3)]
    torch.testing.assert_close(multi_view_gated_crf(logits, image), sum(views) / 3)


def test_one_class_everywhere_costs_nothing_inside_the_image():
    """Far from zero intensity, the neighbours outside do not count either."""
    image = torch.full((1, 1, 6, 6, 6), 10.0)
    assert multi_view_gated_crf(torch.full_like(image, 50.0), image).item() == pytest.approx(0, abs=1e-4)


def test_a_constant_image_draws_all_voxels_together():
    """Each voxel is drawn towards the class of the majority of its neighbours."""
    logits = torch.full((1, 1, 4, 4, 4), -3.0)
    logits[0, 0, 1, 2, 1] = 3.0
    _, gradient = value_and_gradient(multi_view_gated_crf, logits, torch.zeros_like(logits))
    assert (gradient > 0).all()  # descent lowers the logit of the foreground everywhere


def test_an_edge_in_the_image_keeps_its_sides_apart():
    """The step in intensity makes kernels negligible, so that the gradient of each side depends on that side only."""
    logits, image, *_ = example((1, 1, 4, 4, 6))
    image[..., 3:] += 100
    _, gradient = value_and_gradient(multi_view_gated_crf, logits, image)
    other_side = logits.clone()
    other_side[..., 3:] *= -5
    _, changed = value_and_gradient(multi_view_gated_crf, other_side, image)
    torch.testing.assert_close(changed[..., :3], gradient[..., :3])


def test_an_image_of_another_shape_is_an_error():
    logits, image, *_ = example()
    with pytest.raises(ValueError, match=r"must have the shape \(2, 1, 3, 5, 4\) of the logits, not \(2, 1, 3, 5, 2\)"):
        multi_view_gated_crf(logits, image[..., :2])


def test_the_number_of_threads_stays_as_it_is():
    logits, image, *_ = example()
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        multi_view_gated_crf(logits, image)
        assert torch.get_num_threads() == threads + 1
    finally:
        torch.set_num_threads(threads)


def test_halving_keeps_the_slices_and_the_corner_voxels():
    z, y, x = torch.meshgrid(torch.arange(3.0), torch.arange(4.0), torch.arange(7.0), indexing="ij")
    halved = halve_in_plane(torch.stack([z, y, x])[None])
    assert halved.shape == (1, 3, 3, 2, 3)
    torch.testing.assert_close(halved[0, 0, :, 0, 0], torch.tensor([0.0, 1.0, 2.0]))
    torch.testing.assert_close(halved[0, 1, 0, :, 0], torch.tensor([0.0, 3.0]))
    torch.testing.assert_close(halved[0, 2, 0, 0], torch.tensor([0.0, 3.0, 6.0]))


def test_halving_of_a_single_row():
    assert halve_in_plane(torch.ones(1, 1, 2, 1, 1)).shape == (1, 1, 2, 1, 1)


# Variance minimisation


@pytest.mark.parametrize(("z", "expected"), [([0, 0, 0, 0], 2.75 + 1), ([-200, -200, 200, 200], 1)])
def test_variance_by_hand(z, expected):
    """At probability 1/2, all four voxels count as foreground, and the two above the minimum as background."""
    image = torch.tensor([0.0, 0.0, 2.0, 4.0]).view(1, 1, 1, 2, 2)
    z = torch.tensor(z, dtype=torch.float32).view(1, 1, 1, 2, 2)
    assert variance(z, image).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("z", [-1000.0, -100.0, 0.0, 100.0, 1000.0])
@pytest.mark.parametrize("constant", [False, True])
def test_classes_without_any_voxel_have_no_variance(z, constant):
    image = torch.full(SHAPE, 3.0) if constant else example(dtype=torch.float32)[1]
    value, gradient = value_and_gradient(variance, torch.full(SHAPE, z), image)
    whole = image.flatten(1).var(dim=1, correction=0).mean().item()
    assert value.item() == pytest.approx(0, abs=1e-9) if constant else whole * 0.5 < value.item() < whole * 2.5
    assert torch.isfinite(gradient).all()


# Distillation


@settings(max_examples=30)
@given(volumes(), volumes())
def test_temperature_1_is_the_plain_divergence(student, teacher):
    """Compared with torch for two classes, with every voxel as a member of the batch."""
    student_log_p, teacher_log_p = (
        functional.logsigmoid(torch.stack([-z.flatten(), z.flatten()], dim=1)) for z in (student, teacher)
    )
    expected = functional.kl_div(student_log_p, teacher_log_p, reduction="batchmean", log_target=True)
    torch.testing.assert_close(distillation_kl(student, teacher, temperature=1.0), expected)


@settings(max_examples=30)
@given(volumes(-1e5, 1e5), st.floats(0.5, 8))
def test_a_student_equal_to_its_teacher_has_nothing_to_learn(teacher, temperature):
    value, gradient = value_and_gradient(
        functools.partial(distillation_kl, teacher=teacher, temperature=temperature), teacher
    )
    assert value.item() == 0
    assert not gradient.any()


def test_the_teacher_gets_no_gradient():
    student, _, _, teacher = example()
    student.requires_grad_()
    teacher.requires_grad_()
    distillation_kl(student, teacher).backward()
    assert student.grad.any()
    assert teacher.grad is None
