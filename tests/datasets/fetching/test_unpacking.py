"""Malicious or damaged archives: nothing is written outside the folder, and the folder does not change."""

import io
import os
import struct
import tarfile
import zipfile

import pytest

from weakseg3d.datasets.fetching import unpacking
from weakseg3d.datasets.fetching.unpacking import unpack
from weakseg3d.errors import UserError


@pytest.fixture
def folder(tmp_path):
    """A folder with a file that must be preserved."""
    (tmp_path / "raw" / "data").mkdir(parents=True)
    (tmp_path / "raw" / "data" / "old").write_text("old", encoding="utf-8")
    return tmp_path / "raw"


def assert_rejected(archive, folder, words):
    with pytest.raises(UserError, match=words) as error:
        unpack([archive], folder, check=lambda staging: None)
    assert str(error.value).startswith((str(archive), str(folder)))
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*")] == ["data", "data/old"]
    assert not (folder.parent / "outside").exists()


def make_zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def make_tar(path, members, mode="w"):
    with tarfile.open(path, mode) as archive:
        for member, content in members:
            member = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def special(name, kind, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


ESCAPES = [
    "../outside",
    "data/../../outside",
    "/tmp/outside",
    "..\\outside",
    "C:\\outside",
    "\\\\host\\outside",
    "data/..",
]


@pytest.mark.parametrize("name", ESCAPES)
def test_members_that_lead_outside(tmp_path, folder, name):
    assert_rejected(make_zip(tmp_path / "a.zip", [("data/new", "x"), (name, "x")]), folder, "leads outside")
    assert_rejected(make_tar(tmp_path / "a.tar", [("data/new", b"x"), (name, b"x")]), folder, "leads outside")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_links_and_devices_in_a_tar(tmp_path, folder, kind):
    members = [(special("data/link", kind, "../../outside"), b""), ("data/link/file", b"x")]
    assert_rejected(make_tar(tmp_path / "a.tar", members), folder, "contains the link 'data/link'")


def test_link_in_a_zip(tmp_path, folder):
    link = zipfile.ZipInfo("data/link")
    link.external_attr = 0o120777 << 16
    assert_rejected(
        make_zip(tmp_path / "a.zip", [(link, "../../outside"), ("data/link/x", "x")]), folder, "contains the link"
    )


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w:bz2"])
def test_a_tar_that_expands_enormously(tmp_path, folder, monkeypatch, mode):
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED", 1_000_000)
    archive = make_tar(tmp_path / "a.tar", [(f"data/{k}", bytes(400_000)) for k in range(20)], mode)
    assert archive.stat().st_size < 20_000
    assert_rejected(archive, folder, "unpacks to more than")


def test_a_zip_that_expands_enormously(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED", 1_000_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(20):
            archive.writestr(f"data/{k}", bytes(400_000))
    assert_rejected(tmp_path / "a.zip", folder, "unpacks to more than")


def test_a_zip_that_understates_its_size(tmp_path, folder, monkeypatch):
    """The stated size limits what is written, however much the compressed stream contains."""
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED", 1_000_000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/bomb", bytes(50_000_000))
    content = bytearray((tmp_path / "a.zip").read_bytes())
    stated = struct.pack("<I", 50_000_000)
    assert content.count(stated) == 2
    (tmp_path / "a.zip").write_bytes(content.replace(stated, struct.pack("<I", 1000)))
    assert_rejected(tmp_path / "a.zip", folder, "damaged archive")


def test_too_many_members(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 10)
    assert_rejected(
        make_zip(tmp_path / "a.zip", [(f"data/{k}", "") for k in range(11)]), folder, "unpacks to more than"
    )


def test_too_little_space(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 999}))
    assert_rejected(make_zip(tmp_path / "a.zip", [("data/new", "x" * 1000)]), folder, "free some space")


DAMAGES = [(kind, damage) for kind in ("zip", "tar", "tar.gz") for damage in ("first half", "flipped", "empty", "text")]
DAMAGES.remove(
    ("tar", "flipped")
)  # An uncompressed tar has no checksum; only the checksum in the description reveals this.


@pytest.mark.parametrize(("kind", "damage"), DAMAGES)
def test_damaged_archives(tmp_path, folder, kind, damage):
    archive = tmp_path / f"a.{kind}"
    content = os.urandom(100_000)
    if kind == "zip":
        make_zip(archive, [("data/new", content)])
    else:
        make_tar(archive, [("data/new", content)], "w" if kind == "tar" else "w:gz")
    whole = archive.read_bytes()
    flipped = bytearray(whole)
    flipped[60_000] ^= 255
    archive.write_bytes(
        {"first half": whole[:50_000], "flipped": flipped, "empty": b"", "text": b"not an archive"}[damage]
    )
    assert_rejected(archive, folder, "archive|truncated")


def test_an_encrypted_zip_is_rejected(tmp_path, folder):
    archive = make_zip(tmp_path / "a.zip", [("data/new", "x")])
    content = bytearray(archive.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1
    archive.write_bytes(content)
    assert_rejected(archive, folder, "damaged archive.*encrypted")


def test_a_failed_check_leaves_the_folder_unchanged(tmp_path, folder):
    def check(staging):
        assert (staging / "data" / "new").read_text(encoding="utf-8") == "x"
        raise UserError(f"{folder}: no")

    with pytest.raises(UserError, match="no"):
        unpack([make_zip(tmp_path / "a.zip", [("data/new", "x")])], folder, check)
    assert [path.name for path in (folder / "data").iterdir()] == ["old"]


def test_archives_are_unpacked_together_and_replace_what_was_unpacked_before(tmp_path):
    folder = tmp_path / "raw"
    first = make_zip(tmp_path / "a.zip", [("data/new", "x"), ("README", "r")])
    second = make_tar(tmp_path / "b.tar.gz", [("data/deep/er", b"y")], "w:gz")
    unpack([make_zip(tmp_path / "old.zip", [("data/old", "x")])], folder, check=lambda staging: None)
    unpack([first, second], folder, check=lambda staging: None)
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        ".weakseg3d",
        "README",
        "data/deep/er",
        "data/new",
    ]
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == [".weakseg3d"]


@pytest.mark.parametrize("members", [["data/new"], ["data"], ["new", "data/x"], ["a.zip/x"]])
def test_a_member_called_like_something_of_the_users_replaces_nothing(tmp_path, folder, members):
    """An archive may even contain its own name."""
    archive = make_zip(folder / "a.zip", [(member, "x") for member in members])
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match="already exists and was not made by weakseg3d"):
        unpack([archive], folder, check=lambda staging: None)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("member", [".weakseg3d", "source.json", "source.json/x"])
def test_a_member_called_like_our_own_records_is_rejected(tmp_path, folder, member):
    assert_rejected(make_zip(tmp_path / "a.zip", [(member, "x")]), folder, "name of a record")


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_header_that_claims_gigabytes_is_not_read(tmp_path, kind):
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = kind, 5_000_000_000
    (tmp_path / "a.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(UserError, match="a header claims 5000000000 bytes"):
        unpack([tmp_path / "a.tar"], tmp_path / "out", lambda folder: None)
