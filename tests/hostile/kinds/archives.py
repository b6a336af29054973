"""Archives: members that leave the folder, links, bombs, and damaged or mislabelled files."""

import io
import tarfile
import zipfile

from kinds.attempt import Attempt
from kinds.material import cut, flip, write_dataset

NAMES = ("../escaped", "/tmp/escaped-weakseg3d", "a/../../escaped", "..\\escaped", "C:\\escaped", "", ".", "a\0b")
NAMES += ("thesis/thesis.tex", "notes.txt", "x" * 300, "a/" * 500 + "b", "a\nb")


HARMLESS = {"", ".", "thesis/thesis.tex", "notes.txt", "a/" * 500 + "b", "a\nb", "x" * 300, "a\0b"}
"""Odd names that stay within the folder, or that the file system refuses; a name ends at its first NUL."""

SCANS = {"a.nii.gz": b"image", "a_seg.nii.gz": b"label"}
"""Scans without fault: an archive that contains them is rejected for its other members, or not at all."""


def attempts():
    for name in NAMES:
        shown = repr(name)[:30]
        yield Attempt("archive", "zip member", shown, _zip({name: b"x"}), name in HARMLESS)
        yield Attempt("archive", "tar member", shown, _tar([(_member(name), b"x")]), name in HARMLESS)
    for kind, number in (("symbolic link", tarfile.SYMTYPE), ("hard link", tarfile.LNKTYPE)):
        for target in ("../notes.txt", "/etc/passwd", "self"):
            yield Attempt("archive", kind, target, _tar([(_member("self", number, target), b"")]))
    for kind, number in (("pipe", tarfile.FIFOTYPE), ("device", tarfile.CHRTYPE)):
        yield Attempt("archive", kind, kind, _tar([(_member("special", number), b"")]))
    intact = {"zip": _zip({"a/b.nii.gz": bytes(2000)}), "tar.gz": _tar([(_member("a"), b"x" * 2000)])}
    for share in (0.1, 0.5, 0.9):
        for kind, write in intact.items():
            yield Attempt("archive", "cut", f"{kind} {share}", _damaged(write, lambda path, s=share: cut(path, s)))
    for seed in range(4):
        for kind, write in intact.items():
            name = f"{kind}, seed {seed}"
            yield Attempt(
                "archive", "flipped bytes", name, _damaged(write, lambda path, s=seed: flip(path, s, 3)), True
            )
    yield Attempt("archive", "bomb", "200 MB of zeros", _zip({"a.nii": bytes(200_000_000)}), may_pass=True)
    contents = {
        "empty": b"",
        "text": b"hello",
        "zeros": bytes(10_240),
        "HTML": b"<html>login</html>",
    }
    for name, content in contents.items():
        yield Attempt("archive", "not an archive", name, _content(content))
    yield Attempt("archive", "long name of 5 GB", "tar", _long_name)


def _arguments(folder, archive):
    write_dataset(folder, access={"place": {"archive": archive, "instructions": "ask the hospital"}})
    return ["download", "./scans.yaml", "--out", "data", "--source", archive]


def _zip(members):
    def write(folder):
        with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in (SCANS | members).items():
                archive.writestr(zipfile.ZipInfo(name) if name else zipfile.ZipInfo("/"), content)
        return _arguments(folder, "a.zip")

    return write


def _member(name, kind=tarfile.REGTYPE, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def _tar(members):
    def write(folder):
        with tarfile.open(folder / "a.tar.gz", "w:gz") as archive:
            scans = [(_member(name), content) for name, content in SCANS.items()]
            for member, content in [*scans, *members]:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return _arguments(folder, "a.tar.gz")

    return write


def _damaged(write_intact, damage):
    def write(folder):
        arguments = write_intact(folder)
        damage(folder / arguments[-1])
        return arguments

    return write


def _content(content):
    def write(folder):
        (folder / "a.zip").write_bytes(content)
        return _arguments(folder, "a.zip")

    return write


def _long_name(folder):
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 5_000_000_000
    (folder / "a.tar").write_bytes(member.tobuf(tarfile.GNU_FORMAT) + b"x" * 1024)
    return _arguments(folder, "a.tar")
