"""PA-Seg's seven points: one inside the target and six on the background, one beyond each face of the target."""

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects

from weakseg3d.annotations.connected_components import connected_components
from weakseg3d.annotations.markups import Annotation, PointsByClass
from weakseg3d.annotations.notes import Jitter, silent
from weakseg3d.annotations.redraw import ATTEMPTS, first_fitting
from weakseg3d.annotations.world import to_world
from weakseg3d.registry.parameters import Parameter, SavedAs


def seven_points(
    mask: sitk.Image,
    margin: Annotated[float, Parameter("Distance of the outer clicks from the organ in mm.", at_least=0)] = 3.0,
    *,
    jitter: Jitter = 0.0,
    targets: Annotated[
        int,
        Parameter(
            "Number of connected components, largest first, that get seven clicks each; with 1, the organ as a whole"
            " gets seven.",
            at_least=1,
            implied=True,
        ),
    ] = 1,
    seed: int = 0,
    note: Callable[[str], None] = silent,
) -> Annotated[Annotation, SavedAs(".mrk.json")]:
    """Return one click inside the organ and six just outside it.

    They are the deepest voxel of each target and, per axis, its two extreme voxels moved out by ``margin`` mm. With one
    target, the target is the whole ``mask``. With more, the targets are that many of its largest components (26
    neighbours), or all components if there are fewer. The depth is the distance to the boundary in mm. Of several
    extreme voxels, the one nearest to their middle is taken. A click that would hit another component moves on
    outwards. Points stay inside the image, so beyond a face on the image's border they lie on the border.

    Every click is then moved by a Gaussian of standard deviation ``jitter`` mm on each axis, but the annotator sees
    where it lands and repeats it: the inner click until it is in the target, each outer click until it is outside the
    organ and at least half a voxel (or the margin, if that is less) beyond its face, so that the bounding box of the
    outer clicks contains the target for any jitter. An empty mask gives no points. PA-Seg, arXiv 2208.05669.
    """
    array = sitk.GetArrayViewFromImage(mask) > 0
    labels: NDArray[Any] = array.astype(np.uint8)
    if targets > 1:
        labels, sizes = connected_components(array)
        _note_parts(sizes, targets, note)
    boxes = find_objects(labels)[:targets]
    generators = np.random.default_rng(seed).spawn(len(boxes))
    return Annotation(
        [
            _seven_points(labels, number, box, mask, margin, jitter, generator)
            for number, (box, generator) in enumerate(zip(boxes, generators, strict=True), start=1)
        ]
    )


def _note_parts(sizes: NDArray[np.int64], targets: int, note: Callable[[str], None]) -> None:
    """Note that the organ has more or fewer parts, of these ``sizes`` in voxels, than ``targets``."""
    if len(sizes) > targets:
        smaller = sizes[targets:]
        note(f"{len(smaller)} smaller parts ({smaller.sum()} of {sizes.sum()} voxels) are not annotated")
    elif 0 < len(sizes) < targets:
        note(f"only {len(sizes)} of {targets} targets, as the organ has no more parts")


def _seven_points(
    labels: NDArray[Any],
    number: int,
    box: tuple[slice, slice, slice],
    mask: sitk.Image,
    margin: float,
    jitter: float,
    generator: np.random.Generator,
) -> PointsByClass:
    """Return the points of the target whose label is ``number`` in ``labels`` and whose bounding box is ``box``."""
    target, corner = labels[box] == number, np.array([along.start for along in box])
    spacing, last = np.array(mask.GetSpacing())[::-1], np.array(labels.shape) - 1
    depth = distance_transform_edt(np.pad(target, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    deepest = corner + np.unravel_index(depth.argmax(), depth.shape)
    voxels = np.argwhere(target) + corner

    def jittered(point: NDArray[Any]) -> NDArray[np.float64]:
        return np.clip(point + generator.normal(0, jitter, (ATTEMPTS, 3)) / spacing, 0, last)

    def lie_in(points: NDArray[np.float64], numbers: list[int]) -> NDArray[np.bool_]:
        return np.isin(labels[tuple(np.rint(points).astype(int).T)], numbers)

    inside = deepest
    if jitter:
        draws = jittered(deepest)
        inside = first_fitting(draws, lie_in(draws, [number]), deepest)
    outside = []
    for axis in range(3):
        for step, extreme in ((-1, voxels[:, axis].min()), (1, voxels[:, axis].max())):
            face = voxels[voxels[:, axis] == extreme]
            point = face[((face - face.mean(axis=0)) ** 2).sum(axis=1).argmin()].astype(float)
            outwards = np.tile(point, (labels.shape[axis], 1))
            outwards[:, axis] = extreme + step * (margin / spacing[axis] + np.arange(len(outwards)))
            outwards = np.clip(outwards, 0, last)
            point = first_fitting(outwards, lie_in(outwards, [0, number]), outwards[0])
            if jitter:
                draws = jittered(point)
                beyond = step * (draws[:, axis] - extreme) >= min(0.5, step * (point[axis] - extreme))
                point = first_fitting(draws, beyond & lie_in(draws, [0, number]), point)
            outside.append(point)
    return {"organ": to_world(inside, mask), "background": to_world(outside, mask)}
