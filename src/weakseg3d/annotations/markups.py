"""Annotations as 3D Slicer markups (``*.mrk.json``): world coordinates in mm, LPS in memory.

The label of a control point names its class. Slicer numbers points after their list (``organ-1``), so a list
called ``organ`` or ``background`` is enough.
"""

import json
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


@dataclass
class Box:
    """A box: ``center`` and ``size`` (x, y, z) in mm, ``axes`` (3, 3) with its unit axes as columns, in LPS."""

    center: np.ndarray
    size: np.ndarray
    axes: np.ndarray = field(default_factory=lambda: np.eye(3))


@dataclass
class Annotation:
    """Points per class, (n, 3) in LPS mm, and boxes."""

    points: dict = field(default_factory=dict)
    boxes: list = field(default_factory=list)

    def of(self, class_name):
        """Return the points of a class, (n, 3); n is 0 where there are none."""
        return np.asarray(self.points.get(class_name, np.zeros((0, 3))), float).reshape(-1, 3)


def write_markups(annotation, path):
    """Write ``annotation`` as a Slicer markups file: one fiducial list, then one ROI per box."""
    positions = [(name, point) for name in CLASSES for point in annotation.of(name)]
    fiducials = {
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
    markups = rois if rois and not positions else [fiducials, *rois]
    with whole_file(path) as partial:
        partial.write_text(json.dumps({"@schema": SCHEMA, "markups": markups}, indent=1), encoding="utf-8")


def read_markups(path):
    """Return the `Annotation` in a Slicer markups file, in LPS whatever system the file uses.

    Raises UserError for a file that is no markups file, and for a point whose label names no class.
    """
    path = existing_file(path)
    try:
        markups = json.loads(path.read_text(encoding="utf-8"))["markups"]
        annotation = Annotation()
        for markup in markups:
            to_lps = RAS_TO_LPS if markup.get("coordinateSystem", "LPS") in ("RAS", 0) else np.ones(3)
            if markup["type"] == "ROI":
                axes = np.array(markup.get("orientation", np.eye(3).ravel()), float).reshape(3, 3)
                center, size = np.array(markup["center"], float) * to_lps, np.array(markup["size"], float)
                annotation.boxes.append(Box(center, size, to_lps[:, None] * axes))
            elif markup["type"] == "Fiducial":
                for point in markup["controlPoints"]:
                    name = _class_of(point["label"], path)
                    position = np.array(point["position"], float) * to_lps
                    annotation.points.setdefault(name, []).append(position)
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path}: not a Slicer markups file; save points or an ROI as .mrk.json") from None
    return annotation


def _class_of(label, path):
    for name in CLASSES:
        if label == name or label.startswith((f"{name}-", f"{name}_", f"{name} ")):
            return name
    raise UserError(f"{path}: point '{label}' names no class; call it (or its list) 'organ' or 'background'")
