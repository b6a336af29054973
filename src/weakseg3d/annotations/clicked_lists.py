"""Point lists as people save them in 3D Slicer: one list per file, or one scene with the lists of all organs."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weakseg3d.annotations.markups import CLASSES, Annotation, list_points, read_markups
from weakseg3d.annotations.peoples_files import MARKUPS, role_of
from weakseg3d.errors import UserError, quoted


def read_clicks(
    files: Sequence[str | os.PathLike[str]],
    background_files: Sequence[str | os.PathLike[str]] = (),
    organ: str = "",
    empty: bool = False,
) -> Annotation:
    """Return the clicks and boxes of all ``files`` together as one `Annotation`, in LPS mm.

    Points in ``background_files`` lie outside the organ. Those in ``files`` lie inside it if there are background
    files; otherwise the label of a point, its list or its file says so. With ``organ``, only lists of that name count:
    ``spleen``, and ``spleen-background`` or ``background`` for what is outside. Of a list without a name, as Slicer
    saves it, the name of the file counts (``patient001-spleen``) or, if that says nothing either, all its points are
    inside the organ. Raises UserError as `read_markups` does, for an organ that no list is named after, and, unless
    ``empty``, for an annotation without a click inside the organ.
    """
    names = ", ".join(str(path) for path in [*files, *background_files])
    if background_files:
        points = {"organ": _points(files, organ), "background": _points(background_files, "")}
        annotation = Annotation([{name: found for name, found in points.items() if len(found)}])
    elif organ and (lists := _named_lists(files, organ)):
        annotation = Annotation([lists])
    else:
        annotation = _joined([read_markups(path, otherwise="organ" if organ else "") for path in files])
    if not empty and not annotation.boxes and not len(annotation.points_of("organ")):
        inside = f"no click inside the {organ or 'organ'}"
        raise UserError(f"{names}: {inside}; an empty list is not an annotation, so leave out the case or click once")
    return annotation


def _joined(parts: Sequence[Annotation]) -> Annotation:
    """Return several files as one annotation: lists of a single class add up to one target."""
    whole = [target for part in parts for target in part.targets if len(target) == len(CLASSES)]
    single = [target for part in parts for target in part.targets if len(target) < len(CLASSES)]
    merged = {
        name: np.concatenate([target[name] for target in single if name in target])
        for name in CLASSES
        if any(name in target for target in single)
    }
    boxes = [box for part in parts for box in part.boxes]
    return Annotation([*whole, merged] if merged else whole, boxes)


def _points(files: Sequence[str | os.PathLike[str]], organ: str) -> NDArray[np.float64]:
    """Return all points (n, 3) in ``files``; with ``organ``, of the lists of that name if there are any."""
    lists = [(name.lower(), points) for path in files for name, points in list_points(path)]
    named = [points for name, points in lists if organ and name == organ.lower()]
    return np.concatenate([np.zeros((0, 3)), *(named or [points for _, points in lists])])


def _named_lists(files: Sequence[str | os.PathLike[str]], organ: str) -> dict[str, NDArray[np.float64]]:
    """Return the points by class of the lists that are named after ``organ``; nothing if none is named after any."""
    found: dict[str, list[NDArray[np.float64]]] = {name: [] for name in CLASSES}
    others, listed = [], False
    for path in files:
        for list_name, points in list_points(path):
            role = role_of(list_name or _stem(path), organ, of_file=not list_name)
            listed = listed or bool(list_name)
            if role:
                found[role].append(points)
            else:
                others.append(list_name or _stem(path))
    if not any(found.values()) and listed and "organ" not in map(str.lower, others):
        raise UserError(
            f"{files[0]}: no list is called {quoted(organ)}, only {quoted(', '.join(others))}; rename it in Slicer"
        )
    return {name: np.concatenate(parts) for name, parts in found.items() if parts and sum(map(len, parts))}


def _stem(path: str | os.PathLike[str]) -> str:
    return Path(path).name.removesuffix(MARKUPS).removesuffix(".json")
