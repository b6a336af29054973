"""The multi-view gated CRF, forward and backward, against its published form: 64 x 64 x 48 voxels, kernel radius 5.

The published form unfolds features and probabilities into 121 copies of each, in every view. Values and gradients must
agree. The image is smooth with some noise, like a scan. Denormal numbers are flushed to zero for both forms, since they
would slow the published form down further.
"""

import statistics
import time

import torch
from measure import measure, print_row, sized
from torch.nn import functional

from weakseg3d.regularisers.multi_view_crf import multi_view_gated_crf

SHAPE = sized((64, 64, 48), tiny=(16, 16, 12))
RADIUS, SIGMA_XY, SIGMA_INTENSITY = 5, 6.0, 0.1
SIDE = 2 * RADIUS + 1
REPEATS = sized(3, tiny=1)


def published(logits, image):
    """Return the mean of the loss over the three views, on slices along the last, the second and the first axis."""
    orders = [(0, 1, 2, 3, 4), (0, 1, 4, 2, 3), (0, 1, 3, 4, 2)]
    return sum(published_view(logits.permute(order), image.permute(order)) for order in orders) / 3


def published_view(logits, image):
    """Return the loss of logits (B, 2, H, W, D) and image (B, 1, H, W, D) on slices along D."""
    probability, image = (_as_slices(tensor) for tensor in (torch.softmax(logits, dim=1), image))
    slices, _, height, width = image.shape
    rows, columns = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    position = torch.stack([rows, columns]).expand(slices, -1, -1, -1)
    features = _unfold(torch.cat([position / SIGMA_XY, image / SIGMA_INTENSITY], dim=1))
    centre = features[:, :, RADIUS, RADIUS]
    kernels = (-0.5 * (features - centre[:, :, None, None]) ** 2).sum(dim=1, keepdim=True).exp()
    kernels[:, :, RADIUS, RADIUS] = 0
    attraction = (kernels * _unfold(probability)).sum(dim=(2, 3)).view_as(probability)
    return (kernels.sum() - (attraction * probability).sum()) / (slices * height * width)


def _as_slices(tensor):
    """Return (B, C, H, W, D) as (B D, C, H, W)."""
    return tensor.movedim(4, 1).flatten(0, 1)


def _unfold(slices):
    """Return each pixel's neighbourhood, (slices, channels, rows, columns, pixels)."""
    return functional.unfold(slices, SIDE, padding=RADIUS).unflatten(1, (-1, SIDE, SIDE))


def ours(logits, image):
    """Return the loss."""
    return multi_view_gated_crf(logits, image, RADIUS, SIGMA_XY, SIGMA_INTENSITY)


def setting():
    """Return logits of two classes and a normalised image."""
    torch.set_flush_denormal(True)
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(1, 3, 8, 8, 6, generator=generator)
    smooth = functional.interpolate(coarse, size=SHAPE, mode="trilinear")
    image = smooth[:, 2:] + 0.1 * torch.randn(1, 1, *SHAPE, generator=generator)
    return 4 * smooth[:, :2], (image - image.mean()) / image.std()


def step(form, logits, image):
    """Return the loss and its gradient."""
    logits = logits.clone().requires_grad_()
    loss = form(logits, image)
    loss.backward()
    return [loss.detach(), logits.grad]


def median_seconds(form):
    """Return the median time of a step, after a step to warm up."""
    arguments, seconds = setting(), []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        step(form, *arguments)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def one_step(form):
    """Return the loss and its gradient on the setting."""
    return step(form, *setting())


def main():
    """Print the figures."""
    seconds = [measure(median_seconds, form, repeats=1).result for form in (published, ours)]
    steps = [measure(one_step, form) for form in (published, ours)]
    for expected, computed in zip(*(step.result for step in steps), strict=True):
        torch.testing.assert_close(computed, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())
    print_row("gated CRF, time", "s", *seconds)
    print_row("gated CRF, peak memory", "MB", *(step.peak / 1e6 for step in steps))
    print("values and gradients agree")


if __name__ == "__main__":
    main()
