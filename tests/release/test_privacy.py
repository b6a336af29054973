"""Paths of the machine are cut from what is released, and nothing else is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg3d.errors import UserError
from weakseg3d.release.privacy import check_nothing_private, public_json, public_yaml, without_paths

PATHS = [
    "/data/hospital",
    "/home/jane/my scans/x.nii",
    "~",
    "~/scans",
    "~jane/scans",
    "../scans",
    "raw/../../scans",
    "C:\\Users\\jane",
    "D:/scans",
    "\\\\server\\share",
    "file:///data/x",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_cut_as_a_whole(path):
    assert without_paths({"raw": [path]}) == {"raw": ["(path)"]}


@pytest.mark.parametrize("path", [path for path in PATHS if " " not in path])
def test_a_path_is_cut_out_of_a_command(path):
    assert without_paths(f"python train.py --data={path} '{path}'") == "python train.py --data=(path) '(path)'"


@pytest.mark.parametrize(
    "text",
    [
        "config/splits/x.csv",
        "https://example.org/a/b",
        "docker://example/image:1",
        "Dice/HD95, 1/2, ~5 mm / voxel",
        "10.1007/s10278-022-00683-y",
        "doi:10.1007/s10278",
        "and so on...",
        "{case}/image.nii.gz",
        "Tom's \\frac{a}{b}",
        "",
    ],
)
def test_other_text_stays(text):
    assert without_paths(text) == text


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False), st.lists))
def test_other_values_stay(value):
    assert without_paths(value) == value


@given(st.text(st.characters(categories=["L", "N"]), min_size=1), st.text(st.characters(categories=["L", "N"])))
def test_no_absolute_path_survives(first, second):
    path = f"/{first}/{second}"
    assert path not in str(without_paths({"a": path, "b": f"x {path}", "c": [f"--in={path},{path}"]}))


def test_files_without_paths_keep_their_bytes_or_their_content(tmp_path):
    (tmp_path / "a.json").write_text('{"a":  [NaN, 1.50]}', encoding="utf-8")
    (tmp_path / "b.json").write_text('{"a": "/x/y"}', encoding="utf-8")
    (tmp_path / "c.yaml").write_text("a: [1, 3e-05] # /x/y\nb: /x/y\n", encoding="utf-8")
    assert public_json(tmp_path / "a.json") == b'{"a":  [NaN, 1.50]}'
    assert public_json(tmp_path / "b.json") == b'{\n "a": "(path)"\n}\n'
    assert public_yaml(tmp_path / "c.yaml") == b"a:\n- 1\n- 3.0e-05\nb: (path)\n"


@pytest.mark.parametrize(
    "text", ["<p>{cwd}/x</p>", "{cwd}", "see /home/jane/scans", '"/Users/jane"', "C:\\Users\\jane\\x"]
)
def test_a_file_that_names_a_folder_of_a_machine_is_refused(tmp_path, text):
    (tmp_path / "page.html").write_text(text.replace("{cwd}", str(Path.cwd())), encoding="utf-8")
    with pytest.raises(UserError, match="page.html: would publish '"):
        check_nothing_private(tmp_path, [])


def test_a_folder_that_only_starts_alike_is_none_of_this_machine(tmp_path):
    (tmp_path / "page.html").write_text(f"{Path.cwd()}2 x{Path.cwd()} homes/home/x", encoding="utf-8")
    check_nothing_private(tmp_path, [])
