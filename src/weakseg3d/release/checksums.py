"""``SHA256SUMS``: the digest of every file of a release, in the form that `sha256sum --check` reads."""

from pathlib import Path

from weakseg3d.errors import UserError, quoted
from weakseg3d.files import file_digest
from weakseg3d.texts import read_text

NAME = "SHA256SUMS"


def write_checksums(folder: Path) -> None:
    """Write the digests of all files below ``folder`` into it."""
    lines = [f"{digest}  {name}\n" for name, digest in _digests(folder).items()]
    (folder / NAME).write_text("".join(lines), encoding="utf-8")


def check_checksums(folder: Path, archive: Path) -> None:
    """Raise a UserError, which calls ``folder`` by the name of its ``archive``, if a file is not as it was released."""
    if not (folder / NAME).is_file():
        raise UserError(f"{archive}: has no {NAME}, so it is not a release; name an archive of 'release'")
    lines = [line.partition("  ") for line in read_text(folder / NAME).splitlines()]
    released = {name: digest for digest, _, name in lines}
    present = _digests(folder)
    for name in sorted(released.keys() | present.keys()):
        if name not in present:
            raise UserError(f"{archive}: lacks the file {quoted(name)}; get the archive again")
        if name not in released:
            raise UserError(f"{archive}: has the file {quoted(name)}, which was not released; get the archive again")
        if released[name] != present[name]:
            raise UserError(f"{archive}: the file {quoted(name)} is not as it was released; get the archive again")


def _digests(folder: Path) -> dict[str, str]:
    """Return ``{path: sha256}`` of all files below ``folder`` but the list itself, in the order of their paths."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / NAME)
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}
