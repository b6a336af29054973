"""Files and folders of the user's are never replaced; what a verb made earlier is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from weakseg3d.errors import UserError
from weakseg3d.files import whole_file
from weakseg3d.ownership import MARK, check_own_folder, claim, remove_own_folder, whole_folder


def thesis(path):
    """Write something of the user's at ``path``: a file, a folder or a link."""
    path.mkdir()
    (path / "thesis.tex").write_text("years of work", encoding="utf-8")
    return path


def test_a_folder_appears_whole_and_is_replaced_by_the_next(tmp_path):
    for content in ("first", "second"):
        with whole_folder(tmp_path / "case") as folder:
            (folder / content).touch()
            assert (tmp_path / "case" / "second").exists() is False
    assert sorted(path.name for path in (tmp_path / "case").iterdir()) == [MARK, "second"]
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "case").mkdir()
    with whole_folder(tmp_path / "case") as folder:
        (folder / "image").touch()
    assert (tmp_path / "case" / "image").exists()


@pytest.mark.parametrize("kind", ["folder", "file", "link", "broken link"])
def test_what_the_user_made_stays_and_is_named(tmp_path, kind):
    path = tmp_path / "case"
    if kind == "folder":
        thesis(path)
    elif kind == "file":
        path.write_text("years of work", encoding="utf-8")
    else:
        os.symlink(thesis(tmp_path / "elsewhere") if kind == "link" else tmp_path / "nowhere", path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=f"{path}: already exists"), whole_folder(path):
        pytest.fail("nothing is computed for it either")
    for check in (check_own_folder, remove_own_folder):
        with pytest.raises(UserError, match=f"{path}: already exists"):
            check(path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_failed_block_leaves_the_earlier_folder(tmp_path):
    with whole_folder(tmp_path / "case") as folder:
        (folder / "first").touch()
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "case") as folder:
        raise RuntimeError
    assert (tmp_path / "case" / "first").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


def test_files_are_claimed_once_and_then_ours(tmp_path):
    claim(tmp_path, ["model.pt", "tables/main.csv"])
    (tmp_path / "model.pt").touch()
    claim(tmp_path, ["model.pt", "run.json"])
    (tmp_path / "losses.csv").touch()
    with pytest.raises(UserError, match="losses.csv: already exists"):
        claim(tmp_path, ["losses.csv", "other"])
    assert (tmp_path / MARK).read_text(encoding="utf-8").splitlines() == ["model.pt", "run.json", "tables/main.csv"]


KILLED = """\
import os, sys
sys.path.insert(0, sys.argv[1])
from weakseg3d.files import whole_file
from weakseg3d.ownership import whole_folder
with whole_folder("case") as folder, whole_file("table.csv") as file:
    (folder / "image").touch()
    file.touch()
    os.kill(os.getpid(), 9)
"""


def test_the_next_run_clears_what_a_killed_one_left(tmp_path):
    source = str(Path(__file__).parents[1] / "src")
    assert subprocess.run([sys.executable, "-c", KILLED, source], cwd=tmp_path).returncode == -9
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == 2
    assert all(name.startswith(".part-") for name in left)
    with whole_folder(tmp_path / "case"), whole_file(tmp_path / "table.csv") as file:
        file.touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case", "table.csv"]


def test_another_process_that_is_alive_keeps_its_part(tmp_path):
    with whole_file(tmp_path / "table.csv") as first:
        first.touch()
        os.rename(first, other := first.with_name(first.name.replace(str(os.getpid()), str(os.getppid()))))
        with whole_file(tmp_path / "table.csv") as second:
            second.touch()
        assert other.exists()
        os.rename(other, first)
