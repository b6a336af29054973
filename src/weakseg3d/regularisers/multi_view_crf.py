"""PA-Seg's multi-view gated CRF: neighbours of similar intensity should have the same class.

Neighbourhoods are not unfolded: the image is shifted by one offset after the other, which keeps memory small.
"""

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch.nn import functional

from weakseg3d.losses.two_class import foreground_logit

NEGLIGIBLE = -60.0
"""Lower bound of a kernel's exponent. exp(-60) does not change a sum, but keeps away the denormal numbers of smaller
kernels, with which everything is ten times slower."""


def multi_view_gated_crf(
    logits: torch.Tensor, image: torch.Tensor, radius: int = 5, sigma_xy: float = 6.0, sigma_intensity: float = 0.1
) -> torch.Tensor:
    """Return the mean of `gated_crf` over the slices along each of the three spatial axes, a scalar."""
    return _gated_crf(logits, image, (0, 1, 2), radius, sigma_xy, sigma_intensity)


def gated_crf(
    logits: torch.Tensor,
    image: torch.Tensor,
    axis: int,
    radius: int = 5,
    sigma_xy: float = 6.0,
    sigma_intensity: float = 0.1,
) -> torch.Tensor:
    """Return the gated CRF on the slices along the spatial ``axis`` 0, 1 or 2, a scalar.

    ``logits`` are (B, 1 or 2, *spatial); ``image`` is (B, 1, *spatial) with zero mean and unit variance and receives
    no gradient; ``radius`` and ``sigma_xy`` are in voxels. The loss is the mean over all voxels i of

        sum_j k_ij (1 - p_i . p_j)
        k_ij = exp(-|x_i - x_j|^2 / (2 sigma_xy^2) - (I_i - I_j)^2 / (2 sigma_intensity^2))

    where j runs over the square of 2 radius + 1 voxels a side around i in its slice, without i, and p holds the
    probabilities of both classes. A neighbour outside the image has intensity 0, p = 0 and the position of the slice's
    first voxel, 0, as in the published code with its zero padding. The precision is at least single. Raises ValueError
    when image and logits have different shapes. Obukhov et al. 2019 (arXiv 1906.04651), applied to slices as in PA-Seg
    (arXiv 2208.05669).
    """
    return _gated_crf(logits, image, (axis,), radius, sigma_xy, sigma_intensity)


def halve_in_plane(tensor: torch.Tensor) -> torch.Tensor:
    """Return ``tensor`` (B, C, z, y, x) at half its size along y and x, as PA-Seg's gated CRF uses logits and image.

    The interpolation is trilinear, and the centres of the corner voxels keep their places.
    """
    z, y, x = tensor.shape[2:]
    size = (z, max(y // 2, 1), max(x // 2, 1))
    return functional.interpolate(tensor, size=size, mode="trilinear", align_corners=True)


def _gated_crf(
    logits: torch.Tensor,
    image: torch.Tensor,
    axes: tuple[int, ...],
    radius: int,
    sigma_xy: float,
    sigma_intensity: float,
) -> torch.Tensor:
    z = foreground_logit(logits)
    if image.shape != z.shape:
        raise ValueError(f"the image must have the shape {tuple(z.shape)} of the logits, not {tuple(image.shape)}")
    intensity = image.to(z.dtype) / (math.sqrt(2) * sigma_intensity)
    return _GatedCRF.apply(z, intensity, axes, radius, sigma_xy)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Compute with one thread: on a busy machine, threads wait for one another in each of a thousand short operations.

    Together these waits can take seconds.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class _GatedCRF(torch.autograd.Function):
    """The mean over ``axes`` of the gated CRF of ``z``, with ``intensity`` in units of sqrt(2) sigma_intensity.

    With q = tanh(z / 2), the difference of the two probabilities, 1 - p_i . p_j is (1 - q_i q_j) / 2. The loss is
    therefore quadratic in q. As k is symmetric, the sums over j of k_ij q_j give both the value and the gradient, and
    half the sum of all k_ij is the sum over pairs of neighbours.
    """

    @staticmethod
    @_one_thread()
    def forward(
        ctx: Any, z: torch.Tensor, intensity: torch.Tensor, axes: tuple[int, ...], radius: int, sigma_xy: float
    ) -> torch.Tensor:
        q = torch.tanh(z / 2)
        attractions, losses = torch.zeros_like(q), []
        for axis in axes:
            view = _slices_last(q, axis).contiguous(), _slices_last(intensity, axis).contiguous()
            kernels, attraction = _neighbour_sums(*view, radius, sigma_xy)
            losses.append((kernels - view[0] * attraction / 2 + _outside(view[1], radius, sigma_xy)).mean())
            _slices_last(attractions, axis).add_(attraction)
        ctx.save_for_backward(attractions * (q**2 - 1) / (2 * len(axes) * q.numel()))
        return sum(losses, start=q.new_zeros(())) / len(axes)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None, None, None]:
        (z_gradient,) = ctx.saved_tensors
        return gradient * z_gradient, None, None, None, None


def _slices_last(tensor: torch.Tensor, axis: int) -> torch.Tensor:
    """Return a view (height, width, slices, B) of (B, 1, *spatial), in which a shift in plane moves whole blocks."""
    return tensor[:, 0].movedim((1 + axis, 0), (-2, -1))


def _neighbour_sums(
    q: torch.Tensor, intensity: torch.Tensor, radius: int, sigma_xy: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return two sums per voxel i over its neighbours j inside the image: of k_ij, and of k_ij q_j.

    The first runs only over the neighbours that come after i, so that it counts each pair once.
    """
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


def _outside(intensity: torch.Tensor, radius: int, sigma_xy: float) -> torch.Tensor:
    """Return per voxel the sum of k_ij over its neighbours outside the image, for which 1 - p_i . p_j is 1."""
    down, right = (torch.arange(n, dtype=intensity.dtype, device=intensity.device) for n in intensity.shape[:2])
    rows, columns = (place.clamp(max=radius) + place.flip(0).clamp(max=radius) + 1 for place in (down, right))
    neighbours = (2 * radius + 1) ** 2 - rows[:, None] * columns
    distance = (down[:, None] ** 2 + right**2) / (2 * sigma_xy**2)
    kernel = (-distance[..., None, None] - intensity**2).clamp_(min=NEGLIGIBLE).exp_()
    return neighbours[..., None, None] * kernel
