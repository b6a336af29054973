"""What is ours in the folders that users name: only that may be replaced or removed.

It is noted in a file called `MARK`. In a folder that a verb makes as a whole (a case) its presence says that the folder
is ours; in a folder in which our files may lie beside the user's (raw data, a training, a report) it lists our files.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from weakseg3d.errors import UserError
from weakseg3d.files import temporary_folder, whole_file

MARK = ".weakseg3d"
"""Name of the note."""

NOT_OURS = "already exists and was not made by weakseg3d; move it away, or name another output folder"


@contextmanager
def whole_folder(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary folder next to ``path``; it becomes ``path`` when the block ends, unless the block fails.

    Missing parent folders are created, and an earlier folder of ours is replaced. Raises UserError if something at
    ``path`` is not ours (`check_own_folder`).
    """
    check_own_folder(path)
    with temporary_folder(path) as partial:
        yield partial
        (partial / MARK).touch()
        remove_own_folder(path)
        os.replace(partial, path)


def check_own_folder(path: str | os.PathLike[str], mark: str = MARK) -> None:
    """Raise a UserError if there is something at ``path`` that is not ours to replace.

    A folder is ours as a whole if it contains a file called ``mark``, or nothing.
    """
    path = Path(path)
    if not os.path.lexists(path):
        return
    is_folder = path.is_dir() and not path.is_symlink()
    if not is_folder or not ((path / mark).is_file() or not any(path.iterdir())):
        raise UserError(f"{path}: {NOT_OURS}")


def remove_own_folder(path: str | os.PathLike[str], mark: str = MARK) -> None:
    """Remove the folder ``path``, if there is one; raise a UserError if it is not ours (`check_own_folder`)."""
    check_own_folder(path, mark)
    if os.path.lexists(path):
        shutil.rmtree(path)


def claim(folder: str | os.PathLike[str], names: Iterable[str]) -> None:
    """Note that ``names``, files or folders in ``folder`` or deeper, are ours from now on.

    They need not exist yet. Raises UserError, and notes nothing, if one of them exists and is not noted already.
    """
    folder, wanted, own = Path(folder), set(names), _noted(Path(folder))
    check_claim(folder, wanted)
    if not wanted <= own:
        with whole_file(folder / MARK) as partial:
            partial.write_text("".join(f"{name}\n" for name in sorted(own | wanted)), encoding="utf-8")


def check_claim(folder: str | os.PathLike[str], names: Iterable[str]) -> None:
    """Raise the UserError that `claim` would raise, and note nothing."""
    folder = Path(folder)
    for name in sorted(set(names) - _noted(folder)):
        if os.path.lexists(folder / name):
            raise UserError(f"{folder / name}: {NOT_OURS}")


def remove_claimed(path: str | os.PathLike[str]) -> None:
    """Remove a file, link or folder that was claimed, if it exists."""
    path = Path(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _noted(folder: Path) -> set[str]:
    note = folder / MARK
    return set(note.read_text(encoding="utf-8").splitlines()) if note.is_file() else set()
