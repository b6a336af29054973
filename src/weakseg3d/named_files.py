"""Methods, datasets, presets and splits by name: those in the current folder come before those of the repository.

Snakemake works in the folder where it was started (or in that of ``--directory``), and so do its jobs. A deployed
workflow, or one used as a module, thus finds what lies in the ``config/`` of whoever uses it.
"""

from pathlib import Path

from weakseg3d.errors import UserError, printable
from weakseg3d.files import PROJECT
from weakseg3d.schemas import choose


def folders(kind: str) -> list[Path]:
    """Return where files of a ``kind`` ("methods", "datasets", "presets" or "splits") lie: here and in the checkout."""
    here = Path.cwd() / "config" / kind
    own = PROJECT / "config" / kind
    return [own] if here == own or not here.is_dir() else [here, own]


def names(kind: str) -> list[str]:
    """Return all names of methods, datasets or presets."""
    return sorted({path.stem for folder in folders(kind) for path in folder.glob("*.yaml")})


def named_file(kind: str, name: str) -> Path:
    """Return the YAML file of a method, dataset or preset.

    Raises UserError, with the names that exist and the folders that were searched, if there is none.
    """
    try:
        choose(name, names(kind), kind.removesuffix("s"))
    except UserError as error:
        raise UserError(f"{error} (in {_places(f'config/{kind}')})") from None
    return next(path for folder in folders(kind) if (path := folder / f"{name}.yaml").is_file())


def from_here_or_project(path: str | Path) -> Path:
    """Return ``path``, seen from the current folder and, if it is not there, from the repository's root."""
    here = Path.cwd() / path
    return here if here.exists() else PROJECT / path


def sought_file(path: str | Path) -> Path:
    """Return `from_here_or_project`; raises UserError, with both places, if the file is in neither."""
    found = from_here_or_project(path)
    if not found.exists():
        where = "" if Path(path).is_absolute() else f" in {_places()}"
        raise UserError(f"{printable(path)}: no such file{where}; check the path")
    return found


def takes_precedence(path: Path) -> bool:
    """Return whether a file in the current folder differs from the repository's of the same path."""
    here, path = Path.cwd(), Path.cwd() / path
    if here == PROJECT or not path.is_relative_to(here):
        return False
    own = PROJECT / path.relative_to(here)
    return own.is_file() and path.is_file() and _differ(path, own)


def taking_precedence(kind: str, wanted: list[str]) -> list[Path]:
    """Return the wanted files of this ``kind`` in the current folder that differ from the repository's of that name."""
    *here, own = folders(kind)
    pairs = [(folder / f"{name}.yaml", own / f"{name}.yaml") for folder in here for name in wanted]
    return [ours for ours, theirs in pairs if ours.is_file() and theirs.is_file() and _differ(ours, theirs)]


def _places(folder: str = "") -> str:
    """Return in words where a file or folder is sought: here, and in the repository."""
    return " or ".join(dict.fromkeys(str(start / folder) for start in (Path.cwd(), PROJECT)))


def _differ(first: Path, second: Path) -> bool:
    return first.read_bytes() != second.read_bytes()
