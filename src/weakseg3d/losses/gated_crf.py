"""PA-Seg's multi-view gated CRF: neighbours of like intensity belong to the same class. No unfolding."""

import contextlib
import math

import torch
from torch.nn import functional

from weakseg3d.losses.two_class import foreground_logit

NEGLIGIBLE = -60.0
"""Kernels are at least exp of this, far below what a sum can see: denormal numbers make everything ten times slower."""


def multi_view_gated_crf(logits, image, radius=5, sigma_xy=6.0, sigma_intensity=0.1):
    """Return the mean of `gated_crf` over the slices along each of the three spatial axes, a scalar."""
    return _gated_crf(logits, image, (0, 1, 2), radius, sigma_xy, sigma_intensity)


def gated_crf(logits, image, axis, radius=5, sigma_xy=6.0, sigma_intensity=0.1):
    """Return the gated CRF on the slices along the spatial ``axis`` 0, 1 or 2, a scalar.

    ``logits`` (B, 1 or 2, *spatial); ``image`` (B, 1, *spatial) of zero mean and unit variance, which gets no
    gradient; ``radius`` and ``sigma_xy`` in voxels. The loss is the mean over all voxels i of

        sum_j k_ij (1 - p_i . p_j)
        k_ij = exp(-|x_i - x_j|^2 / (2 sigma_xy^2) - (I_i - I_j)^2 / (2 sigma_intensity^2))

    where j runs over the square of 2 radius + 1 voxels round i in its slice, without i, and p are both classes'
    probabilities. A neighbour outside the image has position 0, the slice's first voxel, intensity 0 and p = 0, as the
    published zero padding gives it. Computed in at least single precision. ValueError when image and logits have
    different shapes. Obukhov et al. 2019 (arXiv 1906.04651), in slices as PA-Seg has it (arXiv 2208.05669).
    """
    return _gated_crf(logits, image, (axis,), radius, sigma_xy, sigma_intensity)


def halved_in_plane(tensor):
    """Return ``tensor`` (B, C, z, y, x) at half its size along y and x, trilinear between the corner voxels' centres.

    PA-Seg's gated CRF sees logits and image like this.
    """
    z, y, x = tensor.shape[2:]
    size = (z, max(y // 2, 1), max(x // 2, 1))
    return functional.interpolate(tensor, size=size, mode="trilinear", align_corners=True)


def _gated_crf(logits, image, axes, radius, sigma_xy, sigma_intensity):
    z = foreground_logit(logits)
    if image.shape != z.shape:
        raise ValueError(f"the image is {tuple(image.shape)}, the logits need it to be {tuple(z.shape)}")
    intensity = image.to(z.dtype) / (math.sqrt(2) * sigma_intensity)
    return _GatedCRF.apply(z, intensity, axes, radius, sigma_xy)


@contextlib.contextmanager
def _one_thread():
    """Keep the threads of a thousand short operations from waiting for one another, on a busy machine for seconds."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _GatedCRF(torch.autograd.Function):
    """The mean over ``axes`` of the gated CRF of ``z``, with ``intensity`` in units of sqrt(2) sigma_intensity.

    With q = tanh(z / 2), the difference of the two probabilities, 1 - p_i . p_j is (1 - q_i q_j) / 2. So the loss is
    quadratic in q, and as k is symmetric, the sums over j of k_ij q_j give both its value and its gradient; half the
    sum of all k_ij is the sum over pairs of neighbours.
    """

    @staticmethod
    @_one_thread()
    def forward(ctx, z, intensity, axes, radius, sigma_xy):
        q = torch.tanh(z / 2)
        attractions, losses = torch.zeros_like(q), []
        for axis in axes:
            view = _slices_last(q, axis).contiguous(), _slices_last(intensity, axis).contiguous()
            kernels, attraction = _neighbour_sums(*view, radius, sigma_xy)
            losses.append((kernels - view[0] * attraction / 2 + _outside(view[1], radius, sigma_xy)).mean())
            _slices_last(attractions, axis).add_(attraction)
        ctx.save_for_backward(attractions * (q**2 - 1) / (2 * len(axes) * q.numel()))
        return sum(losses) / len(axes)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        (of_z,) = ctx.saved_tensors
        return gradient * of_z, None, None, None, None


def _slices_last(tensor, axis):
    """Return a view (height, width, slices, B) of (B, 1, *spatial): shifts in plane are then shifts of whole blocks."""
    return tensor[:, 0].movedim((1 + axis, 0), (-2, -1))


def _neighbour_sums(q, intensity, radius, sigma_xy):
    """Return per voxel the sum of k_ij over its neighbours j ahead, and of k_ij q_j over all, both inside the image."""
    kernels, attraction, buffer = torch.zeros_like(q), torch.zeros_like(q), torch.empty_like(q)
    for down in range(min(radius + 1, q.shape[0])):
        for right in range(-radius if down else 1, radius + 1):
            if abs(right) >= q.shape[1]:
                continue
            here = (slice(0, q.shape[0] - down), slice(max(-right, 0), q.shape[1] - max(right, 0)))
            there = (slice(down, None), slice(max(right, 0), q.shape[1] - max(-right, 0)))
            nearness = math.exp(-(down**2 + right**2) / (2 * sigma_xy**2))
            likeness = torch.sub(intensity[here], intensity[there], out=buffer[here])
            likeness.square_().neg_().clamp_(min=NEGLIGIBLE).exp_()
            kernels[here].add_(likeness, alpha=nearness)
            attraction[here].addcmul_(likeness, q[there], value=nearness)
            attraction[there].addcmul_(likeness, q[here], value=nearness)
    return kernels, attraction


def _outside(intensity, radius, sigma_xy):
    """Return per voxel the sum of k_ij over its neighbours outside the image: 1 - p_i . p_j is 1 there."""
    down, right = (torch.arange(n, dtype=intensity.dtype, device=intensity.device) for n in intensity.shape[:2])
    rows, columns = (place.clamp(max=radius) + place.flip(0).clamp(max=radius) + 1 for place in (down, right))
    neighbours = (2 * radius + 1) ** 2 - rows[:, None] * columns
    distance = (down[:, None] ** 2 + right**2) / (2 * sigma_xy**2)
    kernel = (-distance[..., None, None] - intensity**2).clamp_(min=NEGLIGIBLE).exp_()
    return neighbours[..., None, None] * kernel
