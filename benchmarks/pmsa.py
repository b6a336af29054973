"""PMSA, forward and backward, against its published form: UNETR's tokens (4, 216, 768) and 12 heads.

The published form builds the pairs of every query with every key, (B, heads, N, N, 2d). Both forms have the same
weights and the same noise; outputs, divergences and gradients must agree. The time of a step and the bytes that
autograd keeps for the backward pass, without the weights, are compared.
"""

import math
import statistics
import time

import torch
from measure import measure, print_row, sized
from torch.autograd.graph import saved_tensors_hooks

from weakseg3d.networks.pmsa import PMSA

BATCH, TOKENS, HIDDEN, HEADS = sized((4, 216, 768, 12), tiny=(2, 8, 24, 2))
REPEATS = sized(9, tiny=1)


def published(attention, x, noise):
    """Return the attended tokens (B, N, C) and the divergence from the prior (B,)."""
    q, k, v = attention.input_rearrange(attention.qkv(x))
    size = (*q.shape[:2], TOKENS, TOKENS, q.shape[-1])
    pairs = torch.cat([q[:, :, :, None].expand(size), k[:, :, None].expand(size)], dim=-1)
    mu, logvar = attention.mu_logvar(pairs).unbind(dim=-1)
    scores = torch.softmax(mu + torch.exp(logvar / 2) * noise, dim=-1)
    prior_mean = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    variance = attention.prior_std**2
    ratio = ((mu - prior_mean) ** 2 + torch.exp(logvar)) / variance
    kl = -0.5 * (1 + logvar - math.log(variance) - ratio)
    y = attention.out_proj(attention.out_rearrange(scores @ v))
    return y, kl.mean(dim=(1, 2, 3))


def ours(attention, x, noise):
    """Return the attended tokens (B, N, C) and the divergence from the prior (B,)."""
    y = attention(x, noise=noise)
    return y, attention.kl


def step(form, attention, x, noise):
    """Return the output, the divergence and the gradients of x and of every weight after a step."""
    x = x.clone().requires_grad_()
    attention.zero_grad()
    y, kl = form(attention, x, noise)
    (y.square().mean() + kl.mean()).backward()
    return [y.detach(), kl.detach(), x.grad, *(weight.grad for weight in attention.parameters())]


def setting():
    """Return the attention, the tokens and the noise."""
    torch.manual_seed(0)
    noise = torch.randn(BATCH, HEADS, TOKENS, TOKENS)
    return PMSA(HIDDEN, HEADS), torch.randn(BATCH, TOKENS, HIDDEN), noise


def median_seconds(form):
    """Return the median time of a step, after a step to warm up."""
    arguments, seconds = setting(), []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        step(form, *arguments)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def activation_bytes(form, attention, x, noise):
    """Return the bytes of all storages that autograd keeps for the backward pass, without the weights."""
    weights = {weight.untyped_storage().data_ptr() for weight in attention.parameters()}
    storage_sizes = {}

    def record(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            storage_sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(record, lambda tensor: tensor):
        loss = form(attention, x.clone().requires_grad_(), noise)
    del loss
    return sum(storage_sizes.values())


def main():
    """Print the figures."""
    arguments = setting()
    for expected, computed in zip(step(published, *arguments), step(ours, *arguments), strict=True):
        torch.testing.assert_close(computed, expected, rtol=1e-3, atol=1e-6)
    seconds = [measure(median_seconds, form, repeats=1).result for form in (published, ours)]
    activations = [activation_bytes(form, *arguments) / 1e6 for form in (published, ours)]
    print_row("PMSA step, time", "s", *seconds)
    print_row("PMSA step, activations", "MB", *activations)
    print("outputs, divergences and gradients agree")


if __name__ == "__main__":
    main()
