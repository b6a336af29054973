"""The order in which scans are worth annotating, by hand-derived entropies."""

import csv

import numpy as np
import pytest
from conftest import make_volume

from weakseg3d.cli import main
from weakseg3d.inference.uncertainty_maps import write_uncertainty

HEADER = "scan,organ,volume_ml,overlap_ml,uncertainty_bits,largest_probability,problem\n"


@pytest.fixture
def volumes(tmp_path):
    """Means: a 0.2, b 0.6 (one organ was not found), c 0.3; d could not be read."""
    rows = ["a,spleen,200,0,0.1,0.9,", "a,liver,1500,0,0.3,0.9,", "b,spleen,200,0,0.2,0.9,", "b,liver,0,0,,0.2,"]
    rows += ["c,spleen,200,0,0.3,0.9,", "c,liver,1500,0,0.3,0.9,", "d,,,,,,damaged"]
    path = tmp_path / "volumes.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def suggested(capsys, *words):
    assert main(["suggest", *map(str, words)]) == 0
    return capsys.readouterr().out.splitlines()


def test_the_least_certain_comes_first_and_a_missing_organ_counts_as_one_bit(volumes, capsys):
    assert suggested(capsys, "--volumes", volumes) == [
        "1. b: 0.600 bit, least certain of liver",
        "2. c: 0.300 bit, least certain of spleen",
        "3. a: 0.200 bit, least certain of liver",
    ]


def test_annotated_scans_are_left_out_and_the_ranking_is_written(volumes, tmp_path, capsys):
    words = ["--volumes", volumes, "--annotated", "b", "--number", "1", "--csv", tmp_path / "next.csv"]
    assert suggested(capsys, *words) == ["1. c: 0.300 bit, least certain of spleen"]
    with open(tmp_path / "next.csv", encoding="utf-8") as stream:
        assert list(csv.reader(stream)) == [["scan", "uncertainty_bits", "organ"], ["c", "0.30000", "spleen"]]


def test_maps_are_averaged_where_the_organ_is(tmp_path, capsys):
    """At 0.75 the entropy is 0.8113 bit, at 0.9 it is 0.4690; voxels below one half do not count."""
    for scan, value in (("x", 0.9), ("y", 0.75)):
        probability = np.full((4, 4, 4), 0.3, np.float32)
        probability[1:3] = value
        image = make_volume(probability)
        write_uncertainty(image, make_volume(np.zeros((4, 4, 4), np.float32)), tmp_path / f"{scan}_uncertainty")
    lines = suggested(capsys, "--maps", tmp_path / "x_uncertainty", tmp_path / "y_uncertainty")
    assert [line.partition(" bit")[0] for line in lines] == ["1. y: 0.811", "2. x: 0.469"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--annotated", "e"], "no such scan"),
        (["--annotated", "a", "b", "c"], "no scan is left to suggest"),
        (["--number", "0"], "must be 1 or more"),
    ],
)
def test_mistakes_are_named(volumes, capsys, words, message):
    assert main(["suggest", "--volumes", str(volumes), *words]) == 2
    assert message in capsys.readouterr().err


def test_another_table_is_rejected(volumes, capsys):
    volumes.write_text("case,split\na,train\n", encoding="utf-8")
    assert main(["suggest", "--volumes", str(volumes)]) == 2
    assert "not a table of 'segment'" in capsys.readouterr().err
