"""Paths that are no regular file, or have a name that ITK cannot take, are refused before anything is opened."""

import os

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import make_volume

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file, whole_file
from weakseg3d.images.volumes import number_of_volumes, read_grid, read_image, read_label, read_target, write_volume

READERS = [read_image, read_label, read_target, read_grid, number_of_volumes]
LATIN_1 = os.fsdecode("Müller.nii.gz".encode("latin-1"))


@pytest.mark.parametrize("read", READERS)
def test_a_fifo_a_device_and_a_folder_are_not_read(read, tmp_path):
    os.mkfifo(tmp_path / "fifo.nii.gz")
    (tmp_path / "folder.nii.gz").mkdir()
    for path, kind in [
        (tmp_path / "fifo.nii.gz", "is a FIFO"),
        (tmp_path / "folder.nii.gz", "is a folder"),
        ("/dev/zero", "is a device"),
        (tmp_path / ("x" * 300), "no such file"),
        (tmp_path / "a\0b", "no such file"),
    ]:
        with pytest.raises(UserError, match=kind):
            read(path)


@pytest.mark.parametrize("read", READERS)
def test_a_name_that_is_not_utf8_is_refused(read, tmp_path):
    try:
        (tmp_path / LATIN_1).write_bytes(b"")
    except OSError:
        pytest.skip("the file system allows only UTF-8")
    with pytest.raises(UserError, match=r"M\?ller.nii.gz: its path is not valid UTF-8") as caught:
        read(tmp_path / LATIN_1)
    str(caught.value).encode()


def test_a_volume_is_not_written_to_a_name_that_is_not_utf8(tmp_path):
    with pytest.raises(UserError, match="not valid UTF-8"):
        write_volume(make_volume(np.zeros((2, 2, 2), np.uint8)), tmp_path / LATIN_1)
    assert not list(tmp_path.iterdir())


def test_names_in_utf8_are_fine(tmp_path):
    write_volume(make_volume(np.ones((2, 2, 2), np.uint8)), tmp_path / "Müller 腫瘍.nii.gz")
    assert read_image(tmp_path / "Müller 腫瘍.nii.gz").GetSize() == (2, 2, 2)


def test_a_folder_and_a_fifo_are_not_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "fifo.nii.gz")
    (tmp_path / "folder.nii.gz").mkdir()
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    volume = make_volume(np.zeros((2, 2, 2), np.uint8))
    for name, problem in [
        ("fifo.nii.gz", "is a FIFO"),
        ("folder.nii.gz", "is a folder"),
        ("file/v.nii.gz", "below a file"),
        ("x" * 250 + ".nii.gz", "too long"),
    ]:
        with pytest.raises(UserError, match=problem):
            write_volume(volume, tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before
    with whole_file(tmp_path / "file") as partial:
        partial.write_text("new", encoding="utf-8")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "new"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_must_not_be_read_is_named(tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "secret").chmod(0)
    with pytest.raises(UserError, match="must not be read"):
        existing_file(tmp_path / "secret")


def test_line_ends_in_a_path_do_not_reach_the_message(tmp_path):
    path = tmp_path / "a\nb\x1b[31m.nrrd"
    sitk.WriteImage(make_volume(np.zeros((2, 2, 2), np.uint8)), str(tmp_path / "v.nrrd"))
    path.write_bytes((tmp_path / "v.nrrd").read_bytes()[:-1])
    with pytest.raises(UserError, match=r"a\?b\?\[31m.nrrd: truncated"):
        read_image(path)
