"""Lists of cases and their files, as CSVs whose paths are seen from the folder of the list."""

from collections.abc import Sequence
from pathlib import Path

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file
from weakseg3d.texts import read_csv


def listed_files(path: str | Path, columns: Sequence[str]) -> dict[str, dict[str, Path]]:
    """Return ``{case: {column: file}}`` of a CSV with ``case`` and ``columns``; its paths are seen from its folder.

    Raises UserError for a missing column or file, for no case at all, and for a case that is listed twice.
    """
    table, found = read_csv(path), {}
    missing = [column for column in ("case", *columns) if column not in table.columns]
    if missing:
        raise UserError(f"{path}: has no column '{missing[0]}'; add it")
    for row in table.records():
        if row["case"] in found:
            raise UserError(f"{path}: lists case '{row['case']}' twice; remove one")
        found[row["case"]] = {column: existing_file(Path(path).parent / row[column]) for column in columns}
    if not found:
        raise UserError(f"{path}: lists no case; add some")
    return found
