"""Point lists as 3D Slicer saves them."""

import json


def markups(path, *lists):
    """Write point lists as Slicer saves them; each is (name or None, labels, points)."""
    content = [
        {
            "type": "Fiducial",
            "coordinateSystem": "LPS",
            "coordinateUnits": "mm",
            **({"name": name} if name else {}),
            "controlPoints": [
                {
                    "id": str(k),
                    "label": f"{label}-{k + 1}",
                    "position": list(map(float, point)),
                    "positionStatus": "defined",
                }
                for k, point in enumerate(points)
            ],
        }
        for name, label, points in lists
    ]
    path.write_text(json.dumps({"markups": content}), encoding="utf-8")
    return path
