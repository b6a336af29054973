"""The effort of people is that of the files they saved, on their own grids, and of the time they took."""

import csv

import numpy as np
import pytest
from conftest import make_volume, oblique_direction
from slicer_lists import markups

from weakseg3d.annotations.working_times import read_working_times
from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import write_volume


def rows(tmp_path, *options):
    path = tmp_path / "effort.csv"
    assert main(["effort", "--csv", str(path), *map(str, options)]) == 0
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def drawn(path, array):
    """Write a map as ACDC's scribbles have it, in an anisotropic, oblique scan: rows 0.8 mm, slices 10 mm."""
    write_volume(make_volume(np.asarray(array, np.uint8), (0.8, 0.8, 10.0), (5, 3, -20), oblique_direction()), path)


def test_a_drawn_line_has_its_length_on_its_own_grid(tmp_path):
    """Eleven voxels in a row of 0.8 mm: 8 mm; a background curve of six voxels in a column: 4 mm; and a dot."""
    array = np.full((4, 30, 30), 4)
    array[1, 10, 5:16], array[1, 2:8, 20], array[2, 20, 20] = 3, 0, 3
    drawn(tmp_path / "a.nii.gz", array)
    values = ("--organ-value", 3, "--unknown", 4)
    (row,) = rows(tmp_path, "--annotations", tmp_path / "a.nii.gz", *values)
    assert (row["clicks"], float(row["drawn_cm"])) == ("1", pytest.approx(1.2))


def test_cases_stand_in_the_names_of_the_files(tmp_path):
    for case, points in (("p1", [(1, 1, 1)]), ("p2", [(1, 1, 1), (2, 2, 2)])):
        markups(tmp_path / f"{case}-lv.mrk.json", (None, "F", points))
        markups(tmp_path / f"{case}-lv-background.mrk.json", (None, "F", [(9, 9, 9)]))
    pattern = tmp_path / "{case}-lv.mrk.json"
    background = tmp_path / "{case}-lv-background.mrk.json"
    found = rows(tmp_path, "--annotations", pattern, background, "--organ", "lv", "--cases", "p1", "p2")
    assert [(row["case"], row["clicks"]) for row in found] == [("p1", "2"), ("p2", "3")]
    found = rows(tmp_path, "--annotations", pattern, "--background", background, "--cases", "p2")
    assert [(row["case"], row["clicks"]) for row in found] == [("p2", "3")]


def test_the_time_of_all_annotators_adds_up(tmp_path):
    markups(tmp_path / "p1.mrk.json", ("organ", "organ", [(1, 1, 1)]))
    times = tmp_path / "times.csv"
    times.write_text("case,seconds,annotator\np1,30,anna\np1,12.5,ben\np9,1,anna\n", encoding="utf-8")
    (row,) = rows(tmp_path, "--annotations", tmp_path / "p1.mrk.json", "--seconds", times)
    assert (float(row["seconds"]), row["annotators"]) == (42.5, "2")
    times.write_text("seconds,case\n7,p1\n", encoding="utf-8")
    (row,) = rows(tmp_path, "--annotations", tmp_path / "p1.mrk.json", "--seconds", times)
    assert (float(row["seconds"]), row["annotators"]) == (7, "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("case,time\np1,3\n", "has no column 'seconds'"),
        ("case,seconds\np1,soon\n", "seconds 'soon' in row 2"),
        ("case,seconds\np1,-1\n", "seconds '-1' in row 2"),
    ],
)
def test_times_that_are_none(tmp_path, content, message):
    (tmp_path / "times.csv").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_working_times(tmp_path / "times.csv")


def test_a_case_without_a_time_is_named(tmp_path, capsys):
    markups(tmp_path / "p1.mrk.json", ("organ", "organ", [(1, 1, 1)]))
    (tmp_path / "times.csv").write_text("case,seconds\np2,3\n", encoding="utf-8")
    arguments = ["--annotations", str(tmp_path / "p1.mrk.json"), "--seconds", str(tmp_path / "times.csv")]
    assert main(["effort", *arguments]) == 2
    assert "has no row of case 'p1'" in capsys.readouterr().err
