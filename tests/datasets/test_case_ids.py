"""A case id from a file name, a table, an archive or a split never leads out of the folder of its cases."""

import json

import numpy as np
import pytest
from conftest import make_volume

from weakseg3d.cli import main
from weakseg3d.datasets.case_ids import check_case_ids
from weakseg3d.datasets.description import read_split
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import write_volume

UNUSABLE = [
    "",
    ".",
    "..",
    "...",
    "a/b",
    "../x",
    "/etc",
    "a\nb",
    "a\n",
    "a\x1b[2J",
    "a\\b",
    "-x",
    ".a",
    " a",
    "a ",
    "a.",
]
UNUSABLE += ["a,b", 'a"b', "a'b", "$(rm)", "a;b", "@test", "a\0b", "a" * 101, "*", "~"]
USABLE = [
    "0001",
    "patient001_frame01",
    "BraTS19_2013_2_1",
    "Müller 3",
    "a.b",
    "case (2)",
    "x+y=z",
    "7",
    "a-1",
    "a" * 100,
]

DATASET = """\
description: Scans.
modality: CT
format: folder
{options}
access:
  place: {{instructions: ask}}
organs:
  organ: [1]
intensity:
  window: [0, 1]
"""


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_id_is_named_in_one_line(case):
    with pytest.raises(UserError, match="not usable as a case id") as error:
        check_case_ids(["0001", case], "scans")
    assert str(error.value).startswith("scans: ")
    assert str(error.value).isprintable()


def test_usual_ids_are_usable():
    check_case_ids(USABLE, "scans")


@pytest.mark.parametrize("case", ["..", "a/b", " a", ".", ""])
def test_a_split_with_an_unusable_id_is_rejected(tmp_path, case):
    (tmp_path / "split.csv").write_text(f'case,split\n"{case}",train\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"split.csv: '.*' is not usable"):
        read_split(tmp_path / "split.csv")


def files(folder):
    """Return ``{path: bytes}`` of all files below ``folder``."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("layout", ["pattern", "table", "dataset.json", "nnU-Net"])
def test_importing_it_harms_no_file_around_the_output(tmp_path, capsys, layout):
    """The pattern img_{case}.nii.gz finds case ``..`` in img_...nii.gz; its folder would be the parent of --out."""
    raw, home = tmp_path / "raw", tmp_path / "home"
    (home / "cases").mkdir(parents=True)
    (home / "thesis.tex").write_text("years of work", encoding="utf-8")
    raw.mkdir()
    volume = make_volume(np.ones((2, 3, 4), np.uint8))
    options = ""
    if layout == "pattern":
        options = "options: {image: 'img_{case}.nii.gz', label: 'seg_{case}.nii.gz'}"
        names = ["img_...nii.gz", "seg_...nii.gz"]
    elif layout == "table":
        options = "options: {table: cases.csv}"
        (raw / "cases.csv").write_text("case,image,label\n..,i.nii.gz,l.nii.gz\n", encoding="utf-8")
        names = ["i.nii.gz", "l.nii.gz"]
    elif layout == "dataset.json":
        names = ["i.nii.gz", "...nii.gz"]
        content = {"training": [{"image": names[0], "label": names[1]}], "labels": {}}
        (raw / "dataset.json").write_text(json.dumps(content), encoding="utf-8")
    else:
        (raw / "dataset.json").write_text(json.dumps({"labels": {}, "file_ending": ".nii.gz"}), encoding="utf-8")
        names = ["imagesTr/a b;c_0000.nii.gz", "labelsTr/a b;c.nii.gz"]
    for name in names:
        write_volume(volume, raw / name)
    (tmp_path / "scans.yaml").write_text(DATASET.format(options=options), encoding="utf-8")
    before = files(home)
    command = ["import", str(tmp_path / "scans.yaml"), "--raw", str(raw), "--out", str(home / "cases")]
    assert main(command) == 2
    assert "is not usable as a case id" in capsys.readouterr().err
    assert files(home) == before


def test_a_case_called_like_a_folder_of_the_users_is_not_imported_over_it(tmp_path, capsys):
    raw, home = tmp_path / "raw", tmp_path / "home"
    for kind in ("img", "seg"):
        write_volume(make_volume(np.ones((2, 3, 4), np.uint8)), raw / f"{kind}_thesis.nii.gz")
    options = "options: {image: 'img_{case}.nii.gz', label: 'seg_{case}.nii.gz'}"
    (tmp_path / "scans.yaml").write_text(DATASET.format(options=options), encoding="utf-8")
    (home / "thesis").mkdir(parents=True)
    (home / "thesis" / "thesis.tex").write_text("years of work", encoding="utf-8")
    command = ["import", str(tmp_path / "scans.yaml"), "--raw", str(raw), "--out", str(home)]
    before = files(home)
    assert main(command) == 2
    assert f"{home / 'thesis'}: already exists" in capsys.readouterr().err
    assert files(home) == before
    (home / "thesis" / "thesis.tex").unlink()
    assert main(command) == main(command) == 0
    assert (home / "thesis" / "image.nii.gz").is_file()
