"""The agreement of two annotators: by hand, by the verb, and as a table."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import make_volume

from weakseg3d.cli import main
from weakseg3d.evaluation.agreement import agreement
from weakseg3d.images.volumes import write_volume
from weakseg3d.report.tables.annotators import annotators_table, read_agreement, readable_annotators

LABELS = [
    "dataset=hospital",
    "modality=CT",
    "organ=spleen",
    "what=labels",
    "method=pw4medseg",
    "first=ann",
    "second=bo",
]


def row(*values):
    return np.array(values, np.float32).reshape(1, 1, -1)


@pytest.mark.parametrize(
    ("first", "second", "dice"),
    [
        (row(1, 1, 0, 0), row(0, 1, 1, 0), 0.5),
        (row(1, 1, 0, 0), row(1, 1, 0, 0), 1.0),
        (row(1, 0, 0, 0), row(0, 0, 0, 1), 0.0),
        (row(0.6, 0.5, 0, 0), row(1, 0.9, 0, 0), 2 / 3),  # 0.5 is not above one half
        (row(1, 1, 2, 0), row(1, 2, 1, 0), 1.0),  # both know the first and the last voxel alone
        (row(1, 1, 1, 0), row(0, 2, 2, 0), 0.0),
    ],
)
def test_by_hand(first, second, dice):
    assert agreement(first, second) == agreement(second, first) == pytest.approx(dice)


@pytest.mark.parametrize(("first", "second"), [(row(0, 0), row(0, 0)), (row(1, 2), row(2, 1)), (row(2, 2), row(1, 1))])
def test_nothing_to_compare(first, second):
    assert np.isnan(agreement(first, second))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, shift in (("ann", 0), ("bo", 1)):
        for case, width in (("1", 2), ("2", 4), ("3", 0)):
            mask = np.zeros((3, 4, 8), np.uint8)
            mask[:, :, shift : shift + width] = width > 0
            (tmp_path / name).mkdir(exist_ok=True)
            write_volume(make_volume(mask), tmp_path / name / f"{case}.nii.gz")
    return tmp_path


def agree(*more):
    return main(["agree", "--first", "ann/{case}.nii.gz", "--second", "bo/{case}.nii.gz", *more])


def test_the_verb_and_the_table(folder, capsys):
    assert agree("--cases", "1", "2", "3", "--csv", "a.csv", "--label", *LABELS, "seed=0") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["by_case"] == {"1": 0.5, "2": 0.75, "3": None}
    assert said["dice"] == 0.625
    rows = read_agreement(["a.csv"])
    table = annotators_table(pd.concat([rows, rows.assign(seed="1", dice=rows["dice"] + 0.1)]))
    assert table["n"].tolist() == [2]
    assert table["dice_mean"].tolist() == pytest.approx([0.675])  # of case means, seeds averaged first
    text = readable_annotators(table).text
    assert text["Annotators"].tolist() == ["ann and bo"]
    assert text["Compared"].tolist() == ["pseudo labels of training cases"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--cases", "1", "9"], "9.nii.gz"),
        (["--cases", "1", "--label", "dice=1"], "the table already has a column of that name"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(folder, capsys, more, message):
    assert agree(*more, "--csv", "a.csv") == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (folder / "a.csv").exists()


def test_other_grids_are_refused(folder, capsys):
    write_volume(make_volume(np.zeros((3, 4, 8), np.uint8), (2, 2, 2)), folder / "bo/1.nii.gz")
    assert agree("--cases", "1") == 2
    assert "different grids" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["case,dice\n1,0.5\n", None])
def test_a_table_of_something_else_is_refused(tmp_path, text, folder):
    header = "dataset,modality,organ,what,method,first,second,seed,case,dice\n"
    (tmp_path / "a.csv").write_text(text or header + "d,CT,o,labels,m,a,b,0,1,1.5\n", encoding="utf-8")
    with pytest.raises(Exception, match="write it with 'agree --csv'"):
        read_agreement([tmp_path / "a.csv"])
