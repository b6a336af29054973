"""Annotations are 3D Slicer markups: what we write is read back, and so is what Slicer writes."""

import json

import numpy as np
import pytest

from weakseg3d.annotations.markups import Annotation, Box, read_markups, write_markups
from weakseg3d.errors import UserError


def slicer_file(path, points, system="LPS", **roi):
    control_points = [
        {"id": str(i), "label": label, "position": position} for i, (label, position) in enumerate(points)
    ]
    markups = [{"type": "Fiducial", "coordinateSystem": system, "controlPoints": control_points}]
    if roi:
        markups.append({"type": "ROI", "coordinateSystem": system, "controlPoints": [], **roi})
    path.write_text(json.dumps({"markups": markups}), encoding="utf-8")
    return path


def test_points_and_boxes_come_back(tmp_path):
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    box = Box(np.array([1.5, -2.0, 3.25]), np.array([10.0, 20.0, 30.0]), axes)
    written = Annotation({"organ": [[1.25, 2.5, -3.0]], "background": [[4, 5, 6], [7, 8, 9]]}, [box])
    write_markups(written, tmp_path / "a.mrk.json")
    read = read_markups(tmp_path / "a.mrk.json")
    assert (read.of("organ") == written.of("organ")).all()
    assert (read.of("background") == written.of("background")).all()
    assert np.allclose(read.boxes[0].axes, axes)
    assert np.allclose(read.boxes[0].center, box.center)


def test_points_numbered_by_slicer_and_given_in_ras_are_understood(tmp_path):
    path = slicer_file(tmp_path / "s.mrk.json", [("organ-1", [1, 2, 3]), ("background_2", [4, 5, 6])], "RAS")
    assert read_markups(path).of("organ").tolist() == [[-1, -2, 3]]
    assert read_markups(path).of("background").tolist() == [[-4, -5, 6]]


def test_a_label_that_names_no_class_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"point 'F-1' names no class; .*'organ' or 'background'"):
        read_markups(slicer_file(tmp_path / "s.mrk.json", [("F-1", [1, 2, 3])]))


@pytest.mark.parametrize("content", ["no json", "{}", '{"markups": [{"controlPoints": []}]}'])
def test_any_other_file_is_refused(tmp_path, content):
    (tmp_path / "s.mrk.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match="not a Slicer markups file"):
        read_markups(tmp_path / "s.mrk.json")


def test_an_annotation_without_points_is_a_file_without_points(tmp_path):
    write_markups(Annotation(), tmp_path / "a.mrk.json")
    assert read_markups(tmp_path / "a.mrk.json").of("organ").shape == (0, 3)
