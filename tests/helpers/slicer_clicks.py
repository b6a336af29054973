"""Clicks as 3D Slicer saves a list that somebody renamed: the labels keep their default names."""

import json

import SimpleITK as sitk


def write_slicer_clicks(path, image_path, voxels):
    """Write clicks at ``voxels``, (x, y, z) indices of the image in a file."""
    volume = sitk.ReadImage(str(image_path))
    points = [
        {
            "id": str(number),
            "label": f"F-{number}",
            "position": list(volume.TransformContinuousIndexToPhysicalPoint([float(n) for n in voxel])),
            "positionStatus": "defined",
        }
        for number, voxel in enumerate(voxels, start=1)
    ]
    content = {"markups": [{"type": "Fiducial", "coordinateSystem": "LPS", "controlPoints": points}]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
