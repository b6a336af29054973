"""Making the tables of a release again, from the archive alone."""

import os
from dataclasses import dataclass
from pathlib import Path

from weakseg3d.datasets.fetching.unpacking import unpack
from weakseg3d.files import existing_file, temporary_folder, whole_file
from weakseg3d.ownership import claim
from weakseg3d.release.checksums import check_checksums
from weakseg3d.release.tables import differing, made_again, tables_in
from weakseg3d.report.settings import NAME as SETTINGS
from weakseg3d.report.settings import read_settings


@dataclass(frozen=True)
class Outcome:
    """The tables that were made again."""

    tables: list[str]
    """All of them, by their paths."""

    differing: list[str]
    """Those that are not the same bytes as in the archive, or that only one side has."""

    software: dict[str, str]
    """The software that made the tables of the archive."""


def recompute(archive: str | os.PathLike[str], out: str | os.PathLike[str]) -> Outcome:
    """Write the tables that follow from ``archive`` below the folder ``out``, and compare them with the archive's.

    Raises UserError for an archive that is damaged, unsafe, or not as it was released, and for files in the way.
    """
    archive, out = existing_file(archive), Path(out)
    with temporary_folder(out) as folder:
        unpack([archive], folder, lambda staging: check_checksums(staging, archive))
        released, tables = tables_in(folder), made_again(folder)
        software = read_settings(folder / SETTINGS).software
    claim(out, tables)
    for name, content in tables.items():
        with whole_file(out / name) as partial:
            partial.write_bytes(content)
    return Outcome(sorted(tables), differing(released, tables), software)
