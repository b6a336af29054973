"""The tables of a release, made again from what it holds, and whether they are the same."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from weakseg3d.errors import UserError, quoted
from weakseg3d.experiment import paths
from weakseg3d.report.from_settings import tables_from
from weakseg3d.report.results import CELL, Results, trainings
from weakseg3d.report.settings import NAME as SETTINGS
from weakseg3d.report.settings import read_settings

INPUTS = {paths.in_results(path) for path in (paths.ALL_METRICS, paths.PROVENANCE, paths.SETTINGS)}
"""Files beside the tables of which they are made."""


def made_again(folder: Path) -> dict[str, bytes]:
    """Return ``{path: content}`` of all tables that follow from a release in ``folder``.

    Raises UserError if a file is missing or damaged, or if a path in it leads out of the folder.
    """
    settings, results = read_settings(folder / SETTINGS), Results(folder)
    for path in settings.inputs():
        _check_inside(path, SETTINGS)
    for cell in results.cells:
        for text in (*(cell[key] for key in CELL), *trainings(cell), *cell.get("label_runs", [])):
            _check_inside(str(text), paths.in_results(paths.PROVENANCE))
    for dataset in results.datasets.values():
        for case in dataset["cases"]["test"]:
            _check_inside(str(case), paths.in_results(paths.PROVENANCE))
    return tables_from(settings.with_inputs(lambda path: str(folder / path)), results)


def tables_in(folder: Path) -> dict[str, bytes]:
    """Return ``{path: content}`` of all tables that are in the folder of an experiment, or of its release."""
    files = sorted(path for path in (folder / "tables").rglob("*") if path.suffix in (".csv", ".md", ".tex"))
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files if path.is_file()}
    return {name: content for name, content in contents.items() if name not in INPUTS}


def differing(first: Mapping[str, bytes], second: Mapping[str, bytes]) -> list[str]:
    """Return the names of the files that differ, or that only one side has."""
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


def _check_inside(path: str, source: str) -> None:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise UserError(f"{source}: {quoted(path)} leads out of the release; do not use this archive")
