"""Annotations as 3D Slicer markups: files written here and files written by Slicer are both read correctly."""

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


def test_points_and_boxes_are_read_back(tmp_path):
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    box = Box(np.array([1.5, -2.0, 3.25]), np.array([10.0, 20.0, 30.0]), axes)
    written = Annotation([{"organ": [[1.25, 2.5, -3.0]], "background": [[4, 5, 6], [7, 8, 9]]}], [box])
    write_markups(written, tmp_path / "a.mrk.json")
    read = read_markups(tmp_path / "a.mrk.json")
    assert (read.points_of("organ") == written.points_of("organ")).all()
    assert (read.points_of("background") == written.points_of("background")).all()
    assert np.allclose(read.boxes[0].axes, axes)
    assert np.allclose(read.boxes[0].center, box.center)


def test_points_numbered_by_slicer_and_in_ras_are_understood(tmp_path):
    path = slicer_file(tmp_path / "s.mrk.json", [("organ-1", [1, 2, 3]), ("background_2", [4, 5, 6])], "RAS")
    assert read_markups(path).points_of("organ").tolist() == [[-1, -2, 3]]
    assert read_markups(path).points_of("background").tolist() == [[-4, -5, 6]]


def test_a_label_that_names_no_class_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"point 'F-1' names no class; .*'organ' or 'background'"):
        read_markups(slicer_file(tmp_path / "s.mrk.json", [("F-1", [1, 2, 3])]))


@pytest.mark.parametrize("content", ["{}", '{"markups": [{"controlPoints": []}]}'])
def test_any_other_file_is_refused(tmp_path, content):
    (tmp_path / "s.mrk.json").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match="not a Slicer markups file"):
        read_markups(tmp_path / "s.mrk.json")


def test_an_annotation_without_points_is_a_file_without_points(tmp_path):
    write_markups(Annotation(), tmp_path / "a.mrk.json")
    assert read_markups(tmp_path / "a.mrk.json").points_of("organ").shape == (0, 3)


# The files below are written the way Slicer 5 saves markups: one node per file, together with its display settings.

LPS_AXES = [-1.0, -0.0, -0.0, -0.0, -1.0, -0.0, 0.0, 0.0, 1.0]


def slicer_point(number, label, position, status="defined"):
    return {
        "id": str(number),
        "label": label,
        "description": "",
        "associatedNodeID": "vtkMRMLScalarVolumeNode1",
        "position": position,
        "orientation": LPS_AXES,
        "selected": True,
        "locked": False,
        "visibility": True,
        "positionStatus": status,
    }


def slicer_markup(kind, points, system="LPS", **more):
    return {
        "type": kind,
        "coordinateSystem": system,
        "coordinateUnits": "mm",
        "locked": False,
        "fixedNumberOfControlPoints": False,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": len(points),
        **more,
        "controlPoints": points,
        "measurements": [{"name": "volume", "enabled": False, "units": "cm3", "printFormat": "%-#4.4g%s"}],
        "display": {
            "visibility": True,
            "opacity": 1.0,
            "color": [0.4, 1.0, 0.0],
            "propertiesLabelVisibility": False,
            "pointLabelsVisibility": True,
            "textScale": 3.0,
            "glyphType": "Sphere3D",
            "snapMode": "toVisibleSurface",
        },
    }


def saved(path, *markups):
    schema = "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    content = {"@schema": f"{schema}markups-schema-v1.0.3.json#", "markups": markups}
    path.write_text(json.dumps(content, indent=4), encoding="utf-8")
    return path


def slicer_roi(system="LPS", **more):
    box = {
        "roiType": "Box",
        "center": [10.0, 20.0, 30.0],
        "orientation": LPS_AXES,
        "size": [4.0, 6.0, 8.0],
        "insideOut": False,
    }
    return slicer_markup("ROI", [slicer_point(1, "R-1", [10.0, 20.0, 30.0])], system, **{**box, **more})


def test_lists_of_one_class_are_one_target(tmp_path):
    organ = slicer_markup("Fiducial", [slicer_point(i, f"organ-{i}", [i, 0, 0]) for i in (1, 2)])
    background = slicer_markup("Fiducial", [slicer_point(1, "background-1", [5, 5, 5])])
    more = slicer_markup("Fiducial", [slicer_point(1, "organ_1-1", [3, 0, 0])])
    (target,) = read_markups(saved(tmp_path / "clicks.mrk.json", organ, background, more)).targets
    assert target["organ"].tolist() == [[1, 0, 0], [2, 0, 0], [3, 0, 0]]
    assert target["background"].tolist() == [[5, 5, 5]]


def test_every_list_of_both_classes_is_a_target(tmp_path):
    both = [
        slicer_markup("Fiducial", [slicer_point(1, "organ", [x, 0, 0]), slicer_point(2, "background", [x, 9, 0])])
        for x in (1, 2)
    ]
    lone = slicer_markup("Fiducial", [slicer_point(1, "background-1", [7, 7, 7])])
    first, second, rest = read_markups(saved(tmp_path / "a.mrk.json", both[0], lone, both[1])).targets
    assert [target["organ"].tolist() for target in (first, second)] == [[[1, 0, 0]], [[2, 0, 0]]]
    assert {name: points.tolist() for name, points in rest.items()} == {"background": [[7, 7, 7]]}


@pytest.mark.parametrize(("system", "sign"), [("LPS", 1), ("RAS", -1), (1, 1), (0, -1), ("1", 1), ("0", -1), (None, 1)])
def test_coordinate_systems_of_old_and_new_files(tmp_path, system, sign):
    markup = slicer_markup("Fiducial", [slicer_point(1, "organ-1", [1.0, 2.0, 3.0])], system)
    if system is None:
        del markup["coordinateSystem"]

    assert read_markups(saved(tmp_path / "a.mrk.json", markup)).points_of("organ").tolist() == [[sign, 2 * sign, 3]]


@pytest.mark.parametrize("system", ["IJK", 2, "ras"])
def test_an_unknown_coordinate_system_is_refused(tmp_path, system):
    path = saved(tmp_path / "a.mrk.json", slicer_markup("Fiducial", [slicer_point(1, "organ", [1, 2, 3])], system))
    message = rf"a\.mrk\.json: the coordinate system is '{system}'; save the file in LPS or RAS"
    with pytest.raises(UserError, match=message):
        read_markups(path)


@pytest.mark.parametrize("units", ["um", "m", "", ["um", "UCUM", "micrometer"]])
def test_a_unit_other_than_millimetres_is_refused(tmp_path, units):
    for markup in (slicer_markup("Fiducial", [slicer_point(1, "organ", [1, 2, 3])]), slicer_roi()):
        markup["coordinateUnits"] = units
        with pytest.raises(UserError, match=r"the coordinates are in .*unit of length is mm"):
            read_markups(saved(tmp_path / "a.mrk.json", markup))


def test_millimetres_as_a_dicom_code(tmp_path):
    markup = slicer_markup("Fiducial", [slicer_point(1, "organ", [1, 2, 3])])
    markup["coordinateUnits"] = ["mm", "UCUM", "millimeter"]
    assert len(read_markups(saved(tmp_path / "a.mrk.json", markup)).points_of("organ")) == 1


def test_points_that_were_never_placed_are_skipped(tmp_path):
    points = [
        slicer_point(1, "organ-1", [1.0, 2.0, 3.0]),
        slicer_point(2, "organ-2", "", "undefined"),  # as Slicer writes it
        slicer_point(3, "organ-3", [9.0, 9.0, 9.0], "undefined"),
        slicer_point(4, "organ-4", [9.0, 9.0, 9.0], "preview"),
        {"id": "5", "label": "organ-5"},
        slicer_point(6, "no class", "", "undefined"),
    ]
    path = saved(tmp_path / "a.mrk.json", slicer_markup("Fiducial", points))
    assert read_markups(path).points_of("organ").tolist() == [[1, 2, 3]]
    only = saved(tmp_path / "b.mrk.json", slicer_markup("Fiducial", points[1:]))
    assert read_markups(only).targets == []


@pytest.mark.parametrize("label", ["", "F-1", "F_1-2", "7", None])
@pytest.mark.parametrize(("name", "stem"), [("organ", "case7"), (None, "organ"), ("F", "organ_case7"), ("Organ", "F")])
def test_a_point_with_a_default_label_takes_the_name_of_its_list_or_file(tmp_path, label, name, stem):
    markup = slicer_markup("Fiducial", [slicer_point(1, label, [1, 2, 3])])
    if name is not None:
        markup["name"] = name
    assert len(read_markups(saved(tmp_path / f"{stem}.mrk.json", markup)).points_of("organ")) == 1


def test_the_label_takes_precedence_over_the_list_and_the_list_over_the_file(tmp_path):
    points = [slicer_point(1, "", [1, 2, 3]), slicer_point(2, "organ-1", [4, 5, 6])]
    annotation = read_markups(saved(tmp_path / "organ.mrk.json", slicer_markup("Fiducial", points, name="background")))
    assert annotation.points_of("background").tolist() == [[1, 2, 3]]
    assert annotation.points_of("organ").tolist() == [[4, 5, 6]]


@pytest.mark.parametrize("label", ["bakground-1", "spleen", "organs", "FF-1"])
def test_a_misspelt_label_does_not_fall_back_on_the_class_of_the_file(tmp_path, label):
    path = saved(tmp_path / "organ.mrk.json", slicer_markup("Fiducial", [slicer_point(1, label, [1, 2, 3])]))
    with pytest.raises(UserError, match=f"point '{label}' names no class"):
        read_markups(path)


def test_a_rotated_roi_in_either_coordinate_system(tmp_path):
    turn = np.deg2rad(30)
    axes = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    flip = np.diag([-1, -1, 1])
    lps = slicer_roi(orientation=axes.ravel().tolist(), size=[4.0, -6.0, 8.0])
    ras = slicer_roi("RAS", center=[-10.0, -20.0, 30.0], orientation=(flip @ axes).ravel().tolist())
    for markup in (lps, ras):
        (box,) = read_markups(saved(tmp_path / "R.mrk.json", markup)).boxes
        assert box.center.tolist() == [10, 20, 30]
        assert box.size.tolist() == [4, 6, 8]
        assert np.allclose(box.axes, axes)


def test_an_roi_whose_centre_is_its_control_point(tmp_path):
    markup = slicer_roi()
    del markup["center"], markup["orientation"]
    (box,) = read_markups(saved(tmp_path / "R.mrk.json", markup)).boxes
    assert box.center.tolist() == [10, 20, 30]
    assert (box.axes == np.eye(3)).all()


def test_an_roi_that_was_never_placed_is_not_a_box(tmp_path):
    unplaced = slicer_roi(size=[0.0, 0.0, 0.0], center=[0.0, 0.0, 0.0])
    unplaced["controlPoints"] = []
    assert read_markups(saved(tmp_path / "R.mrk.json", unplaced)).boxes == []
    assert len(read_markups(saved(tmp_path / "R.mrk.json", unplaced, slicer_roi())).boxes) == 1


def test_measurements_next_to_the_points_are_skipped(tmp_path):
    points = slicer_markup("Fiducial", [slicer_point(1, "organ-1", [1, 2, 3])])
    others = [slicer_markup(kind, [slicer_point(1, "L-1", [0, 0, 0])]) for kind in ("Line", "Plane", "Curve")]
    assert len(read_markups(saved(tmp_path / "a.mrk.json", *others, points)).points_of("organ")) == 1
    with pytest.raises(UserError, match=r"no points and no ROI, only 'Curve, Line, Plane'; place points or an ROI"):
        read_markups(saved(tmp_path / "b.mrk.json", *others))


@pytest.mark.parametrize(
    "markup",
    [
        slicer_markup("Fiducial", [slicer_point(1, "organ", [1.0, 2.0])]),
        slicer_markup("Fiducial", [slicer_point(1, "organ", [1.0])]),
        slicer_markup("Fiducial", [slicer_point(1, "organ", [1.0, 2.0, None])]),
        slicer_markup("Fiducial", [slicer_point(1, "organ", "1 2 3")]),
        slicer_markup("Fiducial", ["a point"]),
        slicer_roi(size=[1.0, 2.0]),
        slicer_roi(orientation=[1.0, 0.0]),
        "a markup",
    ],
)
def test_a_damaged_markup_is_refused(tmp_path, markup):
    with pytest.raises(UserError, match="not a Slicer markups file"):
        read_markups(saved(tmp_path / "a.mrk.json", markup))


def test_several_targets_and_boxes_are_read_back(tmp_path):
    generator = np.random.default_rng(0)
    targets = [{"organ": generator.normal(size=(1, 3)), "background": generator.normal(size=(6, 3))} for _ in range(3)]
    boxes = [Box(generator.normal(size=3), generator.uniform(1, 9, 3)) for _ in range(2)]
    write_markups(Annotation(targets, boxes), tmp_path / "a.mrk.json")
    read = read_markups(tmp_path / "a.mrk.json")
    assert len(read.boxes) == 2
    for written, target in zip(targets, read.targets, strict=True):
        assert list(target) == ["organ", "background"]
        for name, points in written.items():
            assert np.allclose(target[name], points, atol=1e-6)
    assert np.allclose(read.points_of("background"), np.concatenate([t["background"] for t in targets]), atol=1e-6)


def test_an_empty_list_is_an_annotation_without_targets(tmp_path):
    annotation = read_markups(saved(tmp_path / "organ.mrk.json", slicer_markup("Fiducial", [])))
    assert (annotation.targets, annotation.boxes) == ([], [])
    assert annotation.points_of("background").shape == (0, 3)
