"""Raw files are downloaded, verified, unpacked or linked; otherwise no file is left and one line says what to do."""

import functools
import hashlib
import http.server
import json
import os
import tarfile
import threading
import zipfile

import pytest
import yaml

from weakseg3d.cli import main
from weakseg3d.files import PROJECT

FOLDER = PROJECT / "config" / "datasets"

LAYOUTS = {
    "btcv": ("RawData/Training/img/img0001.nii.gz", "RawData/Training/label/label0001.nii.gz"),
    "chaos_mr": ("Train_Sets/MR/1/T2SPIR/DICOM_anon/a.dcm", "Train_Sets/MR/1/T2SPIR/Ground/a.png"),
    "la2018": ("Training Set/ABC/lgemri.nrrd", "Training Set/ABC/laendo.nrrd"),
}
"""Files of one case: download looks at their paths, never at their content."""


def make_zip(path, names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return path


def make_folder(path, names):
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("content", encoding="utf-8")
    return path


def write_dataset(folder, like, access):
    """Write the YAML of a dataset that is ``like`` an existing one except for ``access``; return its path."""
    content = {**yaml.safe_load((FOLDER / f"{like}.yaml").read_text(encoding="utf-8")), "access": access}
    path = folder / f"my_{like}.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.fixture
def served(tmp_path):
    """A folder and the address at which a local server serves it."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    folder = tmp_path / "served"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def without_waiting(monkeypatch):
    """Make retries follow immediately."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def download(dataset, out, *more):
    return main(["download", str(dataset), "--out", str(out), *map(str, more)])


def assert_rejected(code, capsys, *words):
    assert code == 2
    lines = capsys.readouterr().err.splitlines()
    lines = [line for line in lines if not line.startswith("fetching")]
    assert len(lines) == 1
    for word in words:
        assert str(word) in lines[0]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_an_open_archive_is_downloaded_verified_and_unpacked(served, tmp_path, suffix):
    folder, address = served
    archive = folder / f"sets.{suffix}"
    if suffix == "zip":
        make_zip(archive, LAYOUTS["chaos_mr"])
    else:
        content = make_folder(tmp_path / "content", LAYOUTS["chaos_mr"])
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(content / "Train_Sets", "Train_Sets")
    access = {"url": f"{address}/{archive.name}", "archive": archive.name, "sha256": sha256(archive)}
    dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": {**access, "size": archive.stat().st_size}})
    assert download(dataset, tmp_path / "raw") == 0
    assert (tmp_path / "raw" / LAYOUTS["chaos_mr"][0]).read_text(encoding="utf-8") == "content"
    record = json.loads((tmp_path / "raw" / "source.json").read_text(encoding="utf-8"))
    assert record == {
        "dataset": "my_chaos_mr",
        "origin": access["url"],
        "archive": archive.name,
        "sha256": access["sha256"],
        "size": archive.stat().st_size,
        "cases": 1,
    }


def test_a_wrong_checksum_is_rejected_and_leaves_no_file(served, tmp_path, capsys, without_waiting):
    folder, address = served
    make_zip(folder / "sets.zip", LAYOUTS["chaos_mr"])
    access = {"url": f"{address}/sets.zip", "archive": "sets.zip", "sha256": "0" * 64}
    dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": access})
    assert_rejected(download(dataset, tmp_path / "raw"), capsys, access["url"], "SHA-256")
    assert list(tmp_path.glob("raw/*")) == []


def test_a_missing_address_is_rejected_and_leaves_no_file(served, tmp_path, capsys, without_waiting):
    access = {"url": f"{served[1]}/none.zip", "archive": "none.zip", "sha256": "0" * 64}
    dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": access})
    assert_rejected(download(dataset, tmp_path / "raw"), capsys, access["url"], "--source")
    assert list(tmp_path.glob("raw/*")) == []


def test_an_address_with_an_open_bracket_is_rejected(tmp_path, capsys):
    access = {"url": "http://[::/sets.zip", "archive": "sets.zip", "sha256": "0" * 64}
    dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": access})
    assert_rejected(download(dataset, tmp_path / "raw"), capsys, access["url"], "not an address")


def test_an_archive_in_place_is_used_instead_of_a_download(tmp_path):
    (tmp_path / "raw").mkdir()
    archive = make_zip(tmp_path / "raw" / "sets.zip", LAYOUTS["chaos_mr"])
    access = {"url": "http://127.0.0.1:9/sets.zip", "archive": "sets.zip", "sha256": sha256(archive)}
    assert download(write_dataset(tmp_path, "chaos_mr", {"fetch": access}), tmp_path / "raw") == 0
    assert json.loads((tmp_path / "raw" / "source.json").read_text(encoding="utf-8"))["origin"] == str(archive)


@pytest.mark.parametrize("named", ["file", "folder"])
def test_an_archive_of_the_user_is_unpacked_and_left_in_place(tmp_path, named, capsys):
    (tmp_path / "mine").mkdir()
    archive = make_zip(tmp_path / "mine" / "RawData.zip", LAYOUTS["btcv"])
    assert download("btcv", tmp_path / "raw", "--source", archive if named == "file" else archive.parent) == 0
    assert sorted(path.name for path in (tmp_path / "raw").iterdir()) == [".weakseg3d", "RawData", "source.json"]
    # The MD5 in the description is from a third party: a difference causes a warning, not an error.
    assert "third party" in capsys.readouterr().err


def test_a_wrong_md5_of_the_owner_is_rejected(tmp_path, capsys):
    archive = make_zip(tmp_path / "RawData.zip", LAYOUTS["btcv"])
    place = {"archive": "RawData.zip", "instructions": "get it", "md5": "0" * 32}
    code = download(write_dataset(tmp_path, "btcv", {"place": place}), tmp_path / "raw", "--source", archive)
    assert_rejected(code, capsys, archive, "MD5")
    assert not (tmp_path / "raw").exists()


def test_a_wrong_size_or_checksum_of_a_local_archive_is_rejected(tmp_path, capsys):
    archive = make_zip(tmp_path / "sets.zip", LAYOUTS["chaos_mr"])
    access = {"url": "http://127.0.0.1:9/sets.zip", "archive": "sets.zip", "sha256": "0" * 64}
    dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": access})
    assert_rejected(download(dataset, tmp_path / "raw", "--source", archive), capsys, archive, "SHA-256")
    dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": {**access, "size": 7}})
    assert_rejected(download(dataset, tmp_path / "raw", "--source", archive), capsys, archive, "bytes instead of 7")
    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize("below", ["", "Training Set"])
def test_an_unpacked_folder_of_the_user_is_linked(tmp_path, below):
    place = make_folder(tmp_path / "place", LAYOUTS["la2018"])
    for _ in range(2):  # The second time, the link exists already.
        assert download("la2018", tmp_path / "raw", "--source", place / below) == 0
    link = tmp_path / "raw" / "Training Set"
    assert link.is_symlink()
    assert link.samefile(place / "Training Set")
    assert json.loads((tmp_path / "raw" / "source.json").read_text(encoding="utf-8"))["cases"] == 1


def test_an_unpacked_folder_in_place_is_used(tmp_path):
    make_folder(tmp_path / "raw", LAYOUTS["la2018"])
    assert download("la2018", tmp_path / "raw") == 0


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ("btcv", ("syn3379050", "RawData.zip", "e8e3fc9604eadc34c47067e2332f8ea1", "--source", "raw: {btcv: PATH}")),
        ("la2018", ("register", "Training Set", "--source", "raw: {la2018: PATH}")),
        ("phantom_mr", ("CHAOS_Train_Sets.zip", "phantom --modality mr")),
        ("btcw", ("did you mean 'btcv'",)),
    ],
)
def test_the_user_is_told_how_to_get_other_files(tmp_path, capsys, dataset, words):
    assert_rejected(download(dataset, tmp_path / "raw"), capsys, *words)
    assert not (tmp_path / "raw").exists()


def test_a_source_that_is_missing_or_has_other_files_is_rejected(tmp_path, capsys):
    assert_rejected(download("la2018", tmp_path / "raw", "--source", tmp_path / "no"), capsys, tmp_path / "no")
    other = make_folder(tmp_path / "other", LAYOUTS["btcv"])
    assert_rejected(download("la2018", tmp_path / "raw", "--source", other), capsys, other, "lgemri.nrrd")
    assert not (tmp_path / "raw").exists()


def test_an_archive_in_another_layout_is_rejected(tmp_path, capsys):
    archive = make_zip(tmp_path / "RawData.zip", ["somewhere/else.nii.gz"])
    code = download("phantom_ct", tmp_path / "raw", "--source", archive)
    assert_rejected(code, capsys, archive, "RawData/Training/img")
    assert list(tmp_path.glob("raw/*")) == []


def add_link(archive):
    member = zipfile.ZipInfo("RawData/link")
    member.external_attr = 0o120777 << 16
    archive.writestr(member, "/etc/passwd")


@pytest.mark.parametrize(
    "add_unsafe_member",
    [
        lambda archive: archive.writestr("../outside", "x"),
        lambda archive: archive.writestr("/outside", "x"),
        lambda archive: archive.writestr("C:\\outside", "x"),
        add_link,
    ],
)
def test_an_unsafe_zip_is_rejected(tmp_path, capsys, add_unsafe_member):
    archive = make_zip(tmp_path / "RawData.zip", LAYOUTS["btcv"])
    with zipfile.ZipFile(archive, "a") as content:
        add_unsafe_member(content)
    assert_rejected(download("phantom_ct", tmp_path / "raw", "--source", archive), capsys, archive)
    assert list(tmp_path.glob("raw/*")) == []
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(("name", "link"), [("../outside", None), ("RawData/link", "/etc/passwd")])
def test_an_unsafe_tar_is_rejected(tmp_path, capsys, name, link):
    archive = tmp_path / "RawData.tar"
    with tarfile.open(archive, "w") as content:
        member = tarfile.TarInfo(name)
        if link:
            member.type, member.linkname = tarfile.SYMTYPE, link
        content.addfile(member)
    assert_rejected(download("phantom_ct", tmp_path / "raw", "--source", archive), capsys, archive)
    assert list(tmp_path.glob("raw/*")) == []


@pytest.mark.parametrize("damage", ["truncated", "flipped", "text"])
def test_a_damaged_archive_is_rejected(tmp_path, capsys, damage):
    archive = make_zip(tmp_path / "RawData.zip", LAYOUTS["btcv"])
    content = archive.read_bytes()
    broken = {"truncated": content[:-40], "flipped": content.replace(b"content", b"cXntent"), "text": b"not an archive"}
    archive.write_bytes(broken[damage])
    assert_rejected(download("phantom_ct", tmp_path / "raw", "--source", archive), capsys, archive)
    assert list(tmp_path.glob("raw/*")) == []


def test_a_failure_deletes_the_record_of_an_earlier_success(tmp_path, capsys):
    make_zip(tmp_path / "RawData.zip", LAYOUTS["btcv"])
    assert download("phantom_ct", tmp_path / "raw", "--source", tmp_path / "RawData.zip") == 0
    os.unlink(tmp_path / "RawData.zip")
    capsys.readouterr()
    assert_rejected(download("phantom_ct", tmp_path / "raw", "--source", tmp_path / "RawData.zip"), capsys)
    assert not (tmp_path / "raw" / "source.json").exists()
