"""K stochastic passes of the PTN of published size over a window of 96^3 voxels, against K whole passes.

The part before attention, the convolutions on the input and the patch embedding, is the same in every pass, and
`weakseg3d.networks.forward_passes` computes it once. Its share s of a pass limits the gain: the ratio is at most
K / (K - (K - 1) s). With the same seed, both give the same logits.
"""

import time

import torch
from measure import print_row, sized

from weakseg3d.networks import build_network
from weakseg3d.networks.noise import forward_passes

WINDOW, NUMBER = sized(((96, 96, 96), 6), tiny=((32, 32, 32), 2))
NETWORK = {"ptn": sized({}, tiny={"feature_size": 2, "hidden_size": 24, "mlp_size": 48, "heads": 2})}
REPEATS = 2


def published(network, x):
    """Return the logits of whole passes."""
    return [network(x) for _ in range(NUMBER)]


def ours(network, x):
    """Return the logits of passes that share the deterministic part."""
    return list(forward_passes(network, x, NUMBER))


def shared(network, x):
    """Compute the part that all passes have in common: the convolutions on the input and the patch embedding."""
    return network.embed(x)


def seconds_of(functions, network, x):
    """Return the shortest time of each function; they run in turn, so that a slow moment affects all of them."""
    seconds = [[] for _ in functions]
    for _ in range(REPEATS):
        for function, times in zip(functions, seconds, strict=True):
            start = time.perf_counter()
            function(network, x)
            times.append(time.perf_counter() - start)
    return [min(times) for times in seconds]


@torch.inference_mode()
def main():
    """Print the figures."""
    torch.manual_seed(0)
    network = build_network(NETWORK, WINDOW).eval().to(memory_format=torch.channels_last_3d)
    x = torch.rand(1, 1, *WINDOW)
    logits = []
    # This also warms up.
    for form in (published, ours):
        torch.manual_seed(1)
        logits.append(torch.stack(form(network, x)))
    torch.testing.assert_close(*logits)

    whole, shared_passes, part = seconds_of((published, ours, shared), network, x)
    print_row(f"{NUMBER} passes, time", "s", whole, shared_passes)
    share = part / (whole / NUMBER)
    print(f"one pass {whole / NUMBER:.3f} s, of which shared {part:.3f} s ({share:.0%})")
    print(f"largest possible ratio: {NUMBER / (NUMBER - (NUMBER - 1) * share):.2f}")
    print("logits agree")


if __name__ == "__main__":
    main()
