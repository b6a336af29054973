"""What a grid cannot show of an annotation: clicks that share a voxel, and Gaussians narrower than a voxel."""

from collections.abc import Callable, Sequence

import numpy as np

from weakseg3d.pseudo_labels.targets import Target, nearest_voxels


def note_shared_voxels(targets: Sequence[Target], shape: tuple[int, ...], note: Callable[[str], None]) -> None:
    """Note clicks of ``targets`` that lie on one voxel of an array of ``shape`` (z, y, x) with another click."""
    organ, background = (
        np.transpose(nearest_voxels(np.concatenate([getattr(target, name) for target in targets]), shape))
        for name in ("organ", "background")
    )
    repeated = sum(len(clicks) - len(np.unique(clicks, axis=0)) for clicks in (organ, background))
    if repeated:
        total = len(organ) + len(background)
        note(
            f"{repeated} of {total} clicks {_verb(repeated, 'lies', 'lie')} on a voxel with another click and"
            f" {_verb(repeated, 'adds', 'add')} no place; click further apart, or lower the spacing"
        )
    contradictory = len({*map(tuple, organ)} & {*map(tuple, background)})
    if contradictory:
        note(
            f"{contradictory} {_verb(contradictory, 'voxel has', 'voxels have')} clicks on the organ and on the"
            f" background and {_verb(contradictory, 'counts', 'count')} as organ; correct the clicks, or lower the"
            " spacing"
        )


def note_narrow_width(sigma: float, spacing: Sequence[float], note: Callable[[str], None]) -> None:
    """Note a standard deviation ``sigma`` below the largest edge of a voxel; both are in mm."""
    if sigma < max(spacing):
        note(
            f"sigma, {sigma:.3g} mm, is below the size of a voxel, {max(spacing):.3g} mm, so that the label is hardly"
            " soft; raise sigma, or lower the spacing"
        )


def _verb(number: int, singular: str, plural: str) -> str:
    return singular if number == 1 else plural
