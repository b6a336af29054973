"""Annotations as 3D Slicer markups (``*.mrk.json``): world coordinates in mm, LPS in memory.

The label of a control point names its class. Slicer derives the labels from the name of the list (``organ-1``), so
it is enough to call a list ``organ`` or ``background``. A point with a default label (``F-1``, ``3``) has the class
with which the name of its list begins or, failing that, the name of the file: Slicer saves a list called ``organ`` as
``organ.mrk.json``.
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weakseg3d.errors import UserError, quoted
from weakseg3d.files import whole_file
from weakseg3d.texts import read_json

CLASSES = ("organ", "background")
SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])
COORDINATE_SYSTEMS = {"LPS": np.ones(3), "RAS": RAS_TO_LPS, "1": np.ones(3), "0": RAS_TO_LPS}
"""Factors that turn a file's coordinates into LPS; older versions of Slicer number the systems."""

CLASS_NAME = re.compile(rf"({'|'.join(CLASSES)})([-_ .].*)?", re.IGNORECASE)
DEFAULT_LABEL = re.compile(r"F?[-_ \d]*")
"""Labels that Slicer assigns by itself: F-1, F-2 for the points of a new list, F_1-1 for those of the next list."""

PointsByClass = dict[str, NDArray[np.float64]]
"""The points (n, 3) of each class, in LPS mm."""


@dataclass
class Box:
    """A box in LPS: ``center`` and ``size`` (x, y, z) in mm, and ``axes`` (3, 3) with its unit axes as columns."""

    center: NDArray[np.float64]
    size: NDArray[np.float64]
    axes: NDArray[np.float64] = field(default_factory=lambda: np.eye(3))


@dataclass
class Annotation:
    """The result of an annotation: ``targets``, the points of each target by class, and ``boxes``."""

    targets: list[PointsByClass] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def points_of(self, class_name: str) -> NDArray[np.float64]:
        """Return the points of a class over all targets, (n, 3) in LPS mm; n is 0 if there are none."""
        return np.concatenate([np.zeros((0, 3)), *(_points(target, class_name) for target in self.targets)])


def _points(target: PointsByClass, class_name: str) -> NDArray[np.float64]:
    return np.asarray(target.get(class_name, ()), float).reshape(-1, 3)


def write_markups(annotation: Annotation, path: str | os.PathLike[str]) -> None:
    """Write ``annotation`` as a Slicer markups file: one fiducial list per target, then one ROI per box."""
    lists = [_fiducials(target) for target in annotation.targets]
    lists = [fiducials for fiducials in lists if fiducials["controlPoints"]]
    rois = [
        {
            "type": "ROI",
            "coordinateSystem": "LPS",
            "coordinateUnits": "mm",
            "roiType": "Box",
            "center": [round(float(v), 6) for v in box.center],
            "orientation": [round(float(v), 9) for v in box.axes.ravel()],
            "size": [round(float(v), 6) for v in box.size],
            "insideOut": False,
            "controlPoints": [],
        }
        for box in annotation.boxes
    ]
    markups = [*lists, *rois] or [_fiducials({})]
    with whole_file(path) as partial:
        partial.write_text(json.dumps({"@schema": SCHEMA, "markups": markups}, indent=1), encoding="utf-8")


def _fiducials(target: PointsByClass) -> dict[str, Any]:
    """Return the points of a target as a fiducial list in Slicer's format."""
    positions = [(name, point) for name in CLASSES for point in _points(target, name)]
    return {
        "type": "Fiducial",
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "controlPoints": [
            {
                "id": str(number),
                "label": name,
                "position": [round(float(v), 6) for v in point],
                "selected": True,
                "locked": False,
                "visibility": True,
                "positionStatus": "defined",
            }
            for number, (name, point) in enumerate(positions, start=1)
        ],
    }


def read_markups(path: str | os.PathLike[str], otherwise: str = "") -> Annotation:
    """Return the `Annotation` in a Slicer markups file, in LPS whichever system the file uses.

    A point list with both classes is a separate target. All lists with a single class, such as a person's list
    ``organ`` and list ``background``, together form one more target, which comes last. Points for which Slicer has no
    position, ROIs without a size, and lines, curves, angles and planes are skipped. A point with a default label in a
    list and a file that name no class has the class ``otherwise``, if there is one.
    Raises UserError for a file that is not a markups file, that holds other markups but neither a point list nor an
    ROI, or that is not in mm and in RAS or LPS, and for a point whose label names no class.
    """
    path = Path(path)
    content = read_json(path)
    try:
        markups = content["markups"]
        types = {markup["type"] for markup in markups}
        lists = [_target(markup, path, otherwise) for markup in markups if markup["type"] == "Fiducial"]
        boxes = [box for markup in markups if markup["type"] == "ROI" for box in _boxes(markup, path)]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(f"{path}: not a Slicer markups file; save points or an ROI as .mrk.json") from None
    if types and types.isdisjoint(("Fiducial", "ROI")):
        raise UserError(
            f"{path}: no points and no ROI, only {quoted(', '.join(sorted(types)))}; place points or an ROI"
        )
    single_class = [points for points in lists if len(points) == 1]
    merged = {
        name: np.concatenate(parts)
        for name in CLASSES
        if (parts := [points[name] for points in single_class if name in points])
    }
    targets = [points for points in lists if len(points) == len(CLASSES)]
    return Annotation([*targets, merged] if merged else targets, boxes)


def list_points(path: str | os.PathLike[str]) -> list[tuple[str, NDArray[np.float64]]]:
    """Return the name of every point list in a Slicer markups file, empty if it has none, and its points (n, 3) in LPS.

    Raises UserError for a file that is not a markups file, or that is not in mm and in RAS or LPS.
    """
    path = Path(path)
    content = read_json(path)
    try:
        lists = [markup for markup in content["markups"] if markup["type"] == "Fiducial"]
        return [
            (
                str(markup.get("name") or ""),
                np.array(
                    [_numbers(point["position"], 3) for point in markup["controlPoints"] if _placed(point)]
                ).reshape(-1, 3)
                * _to_lps(markup, path),
            )
            for markup in lists
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(f"{path}: not a Slicer markups file; save points or an ROI as .mrk.json") from None


def _target(markup: dict[str, Any], path: Path, otherwise: str) -> PointsByClass:
    """Return the points of a point list by class, in LPS, without classes that have no points."""
    to_lps = _to_lps(markup, path)
    target: dict[str, list[NDArray[np.float64]]] = {}
    for point in markup["controlPoints"]:
        if _placed(point):
            name = _class_of(point, markup, path, otherwise)
            target.setdefault(name, []).append(_numbers(point["position"], 3) * to_lps)
    return {name: np.array(points) for name, points in target.items()}


def _placed(point: dict[str, Any]) -> bool:
    """Return whether a control point has a position; Slicer writes an empty string for a point without one."""
    return point.get("positionStatus", "defined") == "defined" and point.get("position") not in (None, "", [])


def _boxes(markup: dict[str, Any], path: Path) -> list[Box]:
    """Return a list with the `Box` of an ROI, or an empty list for an ROI that was never placed."""
    to_lps = _to_lps(markup, path)
    # A file written by hand may give the centre as Slicer displays it: as the ROI's only control point.
    center = markup.get("center") or next((p["position"] for p in markup["controlPoints"] if _placed(p)), None)
    size = np.abs(_numbers(markup.get("size", [0, 0, 0]), 3))
    if center is None or not size.any():
        return []
    axes = _numbers(markup.get("orientation", np.eye(3).ravel()), 9).reshape(3, 3)
    return [Box(_numbers(center, 3) * to_lps, size, to_lps[:, None] * axes)]


def _to_lps(markup: dict[str, Any], path: Path) -> NDArray[np.float64]:
    """Return the factors (3,) that turn the coordinates of ``markup`` into LPS."""
    unit = markup.get("coordinateUnits", "mm")
    # Either the unit or its DICOM code: mm, UCUM, millimeter.
    if "mm" not in (unit, *unit[:1]):
        raise UserError(
            f"{path}: the coordinates are in {quoted(unit)}; save the file from a scene whose unit of length is mm"
        )
    system = str(markup.get("coordinateSystem", "LPS"))
    if system not in COORDINATE_SYSTEMS:
        raise UserError(f"{path}: the coordinate system is {quoted(system)}; save the file in LPS or RAS")
    return COORDINATE_SYSTEMS[system]


def _numbers(values: Sequence[float] | NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return ``length`` finite numbers as an array, or raise ValueError."""
    array = np.array(values, float)
    if array.shape != (length,) or not np.isfinite(array).all():
        raise ValueError
    return array


def _class_of(point: dict[str, Any], markup: dict[str, Any], path: Path, otherwise: str) -> str:
    """Return the class of a control point: named by its label or, for a default label, by the list or the file.

    Failing that, a default label has the class ``otherwise``.
    """
    label = str(point.get("label") or "")
    names = [label]
    if DEFAULT_LABEL.fullmatch(label):
        names += [str(markup.get("name", "")), path.name, otherwise]
    for name in names:
        if match := CLASS_NAME.fullmatch(name):
            return match[1].lower()
    raise UserError(f"{path}: point {quoted(label)} names no class; call it (or its list) 'organ' or 'background'")
