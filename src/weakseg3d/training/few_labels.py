"""Guards for trainings on few labels: do the patches hold labelled foreground, and does the network still find it?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg3d.training.loading import is_foreground

RARE = 0.1
"""If a smaller share of the patches holds labelled foreground, they are rare."""

PARTS = 10
"""Parts of a training, by its steps, for each of which it is noted how much of the labelled foreground was found."""

FOUND = 0.01
"""A network that never found a larger share of the labelled foreground has not learnt what it looks like."""

COLLAPSE = 0.1
"""The foreground has collapsed if the last part found less than this share of what the best part found."""


def share_with_foreground(cases: Sequence[Mapping[str, Any]], training: Mapping[str, Any], threshold: float) -> float:
    """Return the expected share of patches that hold labelled foreground, before they are augmented.

    ``cases`` come from `load_cases`, and ``training`` is a recipe's entry. Patches that are centred on foreground all
    hold some; the others count as patches that may lie anywhere. If the centred ones are enough for patches not to be
    `RARE`, the share is theirs alone, which is a lower bound.
    """
    centred = 0.0 if training["foreground_share"] == "none" else float(training["foreground_share"])
    if centred >= RARE:
        return centred
    masks = (is_foreground(case["target"], threshold) for case in cases)
    anywhere = float(np.mean([reached_positions(mask, training["patch_size"]).mean() for mask in masks]))
    return centred + (1 - centred) * anywhere


def reached_positions(mask: NDArray[np.bool_], patch_size: Sequence[int]) -> NDArray[np.bool_]:
    """Return for each position that a patch can have in ``mask`` (z, y, x) whether it holds any of it.

    Along an axis on which the mask is no longer than the patch, there is one position.
    """
    for axis, size in enumerate(patch_size):
        along = np.cumsum(np.moveaxis(mask, axis, 0), 0, dtype=np.int32)
        size = min(size, len(along))
        counts = along[size - 1 :].copy()
        counts[1:] -= along[:-size]
        mask = np.moveaxis(counts > 0, 0, axis)
    return mask


def few_label_warnings(run: Mapping[str, Any]) -> list[str]:
    """Return the warnings that the record of a training, ``run.json``, calls for, each with its remedy.

    Records of programs of others, and of earlier versions, lack what the guards look at, and call for none.
    """
    return rare_patches(run.get("patches_with_foreground")) + lost_foreground(run.get("foreground_found", ()))


def rare_patches(share: float | None) -> list[str]:
    """Return a warning if the ``share`` of patches with labelled foreground, None if unknown, is `RARE`."""
    if share is None or share >= RARE:
        return []
    return [
        f"only {_percent(share)} of the patches hold labelled foreground; raise training.foreground_share or"
        " training.patch_size, or click more"
    ]


def lost_foreground(found: Sequence[float | None]) -> list[str]:
    """Return a warning if the foreground was never ``found``, or collapsed, over the `PARTS` of a training.

    ``found`` are shares of the labelled foreground, None for a part without any. Trainings that are too short for one
    in each part are left alone.
    """
    known = [part for part in found if part is not None]
    if len(known) < PARTS:
        return []
    best, last = max(known), known[-1]
    if best < FOUND:
        return [
            f"the network never found more than {_percent(best)} of the labelled foreground in its patches; train"
            " longer, raise the learning rate, or lower the weights of the regularisers"
        ]
    if last < COLLAPSE * best:
        return [
            f"the foreground collapsed: of what is labelled in its patches, the network found {_percent(best)} at best"
            f" and {_percent(last)} in the last tenth of the steps; lower the learning rate or the weights of the"
            " regularisers"
        ]
    return []


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"
