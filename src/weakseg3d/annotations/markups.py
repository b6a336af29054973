"""Annotations as 3D Slicer markups (``*.mrk.json``): world coordinates in mm, LPS in memory.

The label of a control point names its class. Slicer numbers points after their list (``organ-1``), so a list
called ``organ`` or ``background`` is enough. A point without a word of its own (``F-1``, ``3``) is of the class that
its list's name or else the file's name begins with: Slicer saves a list called ``organ`` as ``organ.mrk.json``.
"""

import json
import re
from dataclasses import dataclass, field

import numpy as np

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file, whole_file

CLASSES = ("organ", "background")
SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])
COORDINATE_SYSTEMS = {"LPS": np.ones(3), "RAS": RAS_TO_LPS, "1": np.ones(3), "0": RAS_TO_LPS}
"""What turns a file's coordinates into LPS; Slicer's older files number the systems."""

CLASS_NAME = re.compile(rf"({'|'.join(CLASSES)})([-_ .].*)?", re.IGNORECASE)
NO_WORD = re.compile(r"F?[-_ \d]*")
"""Labels that Slicer gives by itself: the points of a new list are called F-1, F-2, of the next F_1-1."""


@dataclass
class Box:
    """A box: ``center`` and ``size`` (x, y, z) in mm, ``axes`` (3, 3) with its unit axes as columns, in LPS."""

    center: np.ndarray
    size: np.ndarray
    axes: np.ndarray = field(default_factory=lambda: np.eye(3))


@dataclass
class Annotation:
    """What was annotated: ``targets``, one ``{class: points (n, 3)}`` in LPS mm for each of them, and ``boxes``."""

    targets: list = field(default_factory=list)
    boxes: list = field(default_factory=list)

    def of(self, class_name):
        """Return the points of a class over all targets, (n, 3); n is 0 where there are none."""
        return np.concatenate([np.zeros((0, 3)), *(_points(target, class_name) for target in self.targets)])


def _points(target, class_name):
    return np.asarray(target.get(class_name, ()), float).reshape(-1, 3)


def write_markups(annotation, path):
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


def _fiducials(target):
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


def read_markups(path):
    """Return the `Annotation` in a Slicer markups file, in LPS whatever system the file uses.

    A point list that holds both classes is a target of its own; lists that hold one class only, such as a
    person's list ``organ`` and list ``background``, are one target together, the last. Points that Slicer has no
    position of, ROIs without a size, and lines, curves, angles and planes are passed over.
    Raises UserError for a file that is no markups file, that holds other markups but no point list and no ROI,
    or is not in mm and RAS or LPS, and for a point whose label names no class.
    """
    path = existing_file(path)
    try:
        markups = json.loads(path.read_text(encoding="utf-8"))["markups"]
        types = {markup["type"] for markup in markups}
        lists = [_target(markup, path) for markup in markups if markup["type"] == "Fiducial"]
        boxes = [box for markup in markups if markup["type"] == "ROI" for box in _boxes(markup, path)]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(f"{path}: not a Slicer markups file; save points or an ROI as .mrk.json") from None
    if types and types.isdisjoint(("Fiducial", "ROI")):
        raise UserError(f"{path}: no points and no ROI, only {', '.join(sorted(types))}; place points or an ROI")
    of_one_class = [points for points in lists if len(points) == 1]
    merged = {
        name: np.concatenate(parts)
        for name in CLASSES
        if (parts := [points[name] for points in of_one_class if name in points])
    }
    targets = [points for points in lists if len(points) == len(CLASSES)]
    return Annotation([*targets, merged] if merged else targets, boxes)


def _target(markup, path):
    """Return ``{class: points}`` of a point list, in LPS, without classes that have no points."""
    to_lps = _to_lps(markup, path)
    target = {}
    for point in markup["controlPoints"]:
        if _placed(point):
            target.setdefault(_class_of(point, markup, path), []).append(_numbers(point["position"], 3) * to_lps)
    return {name: np.array(points) for name, points in target.items()}


def _placed(point):
    """Return whether a control point has a position; Slicer writes an empty text for one that has none."""
    return point.get("positionStatus", "defined") == "defined" and point.get("position") not in (None, "", [])


def _boxes(markup, path):
    """Return the `Box` of an ROI in a list, which is empty for an ROI that was never placed."""
    to_lps = _to_lps(markup, path)
    # A file written by hand may give the centre as Slicer shows it: as the ROI's only control point.
    center = markup.get("center") or next((p["position"] for p in markup["controlPoints"] if _placed(p)), None)
    size = np.abs(_numbers(markup.get("size", [0, 0, 0]), 3))
    if center is None or not size.any():
        return []
    axes = _numbers(markup.get("orientation", np.eye(3).ravel()), 9).reshape(3, 3)
    return [Box(_numbers(center, 3) * to_lps, size, to_lps[:, None] * axes)]


def _to_lps(markup, path):
    """Return the factors (3,) that turn the coordinates of ``markup`` into LPS."""
    unit = markup.get("coordinateUnits", "mm")
    # Either the unit or a DICOM code of it: mm, UCUM, millimeter.
    if "mm" not in (unit, *unit[:1]):
        raise UserError(f"{path}: its coordinates are in {unit}; save it from a scene whose unit of length is mm")
    system = str(markup.get("coordinateSystem", "LPS"))
    if system not in COORDINATE_SYSTEMS:
        raise UserError(f"{path}: its coordinate system is {system}; save it in LPS or RAS")
    return COORDINATE_SYSTEMS[system]


def _numbers(values, length):
    """Return ``length`` finite numbers as an array, or raise ValueError."""
    array = np.array(values, float)
    if array.shape != (length,) or not np.isfinite(array).all():
        raise ValueError
    return array


def _class_of(point, markup, path):
    label = str(point.get("label") or "")
    names = [label]
    if NO_WORD.fullmatch(label):
        names += [str(markup.get("name", "")), path.name]
    for name in names:
        if match := CLASS_NAME.fullmatch(name):
            return match[1].lower()
    raise UserError(f"{path}: point '{label}' names no class; call it (or its list) 'organ' or 'background'")
