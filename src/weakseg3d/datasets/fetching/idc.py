"""Download from NCI's Imaging Data Commons by its official client, idc-index, which is an optional extra.

Everything there is open; the client contains an index of all series and fetches them from public buckets, by their ids
(https://doi.org/10.1148/rg.230180).
"""

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weakseg3d.errors import UserError
from weakseg3d.ownership import claim, remove_claimed

if TYPE_CHECKING:
    import pandas as pd

HIERARCHY = "%PatientID/%StudyInstanceUID/%Modality_%SeriesInstanceUID"
"""Folders below that of the collection, in the client's notation; each series gets its own."""

Selection = Mapping[str, Any]
"""``collection``, and ``series``: ``{modality: start of the series descriptions}``, empty for every description."""


def is_installed() -> bool:
    """Return whether the client is installed."""
    return importlib.util.find_spec("idc_index") is not None


def fetch_from_idc(selection: Selection, folder: Path) -> str:
    """Download the series of ``selection`` to ``folder``/COLLECTION/`HIERARCHY` and return where they come from.

    Until every file is there they lie in a hidden folder, from which another call continues. Raises UserError if the
    client fails, if its index has no such series, if files are missing afterwards, and if ``folder``/COLLECTION exists
    and is not ours.
    """
    collection = selection["collection"]
    # Imported by name, as everything else that a verb imports is part of the environments.
    client = importlib.import_module("idc_index").IDCClient()
    series = selected_series(client.index, selection)
    if series.empty:
        raise UserError(
            f"{collection}: the index of the installed idc-index ({client.get_idc_version()}) has no such series; "
            "renew it with 'pip install --upgrade idc-index', or correct 'access' in the dataset's YAML"
        )
    partial, complete = folder / f".{collection}.part", folder / collection
    folder.mkdir(parents=True, exist_ok=True)
    claim(folder, [partial.name, complete.name])
    partial.mkdir(exist_ok=True)
    size = series["series_size_MB"].sum() / 1000
    print(f"fetching {len(series)} series of {collection} ({size:.1f} GB)", file=sys.stderr, flush=True)
    try:
        client.download_from_selection(
            downloadDir=str(partial.absolute()),
            seriesInstanceUID=list(series["SeriesInstanceUID"]),
            dirTemplate=HIERARCHY,
            use_s5cmd_sync=any(partial.iterdir()),
        )
    except Exception as error:  # The client documents none of its exceptions.
        raise UserError(
            f"{collection}: idc-index could not download it ({_in_short(error)}); try again later"
        ) from None
    missing = [row for row in series.itertuples() if _files_of(row, partial) < row.instanceCount]
    if missing:
        raise UserError(
            f"{collection}: {len(missing)} of {len(series)} series are incomplete, such as "
            f"{missing[0].SeriesInstanceUID} of {missing[0].PatientID}; what arrived is kept, try again later"
        )
    remove_claimed(complete)
    os.replace(partial, complete)
    return f"Imaging Data Commons {client.get_idc_version()}, collection {collection}"


def selected_series(index: "pd.DataFrame", selection: Selection) -> "pd.DataFrame":
    """Return the rows of the client's ``index`` (one per series) that belong to ``selection``."""
    series = index[index["collection_id"] == selection["collection"]]
    starts = selection.get("series", {})
    if not starts:
        return series
    descriptions = series["SeriesDescription"].fillna("").str.lower()
    wanted = [
        (series["Modality"] == modality) & descriptions.str.startswith(start.lower())
        for modality, start in starts.items()
    ]
    return series[[any(row) for row in zip(*wanted, strict=True)]]


def _files_of(row: Any, folder: Path) -> int:
    """Return how many files of the series ``row`` of the index lie in ``folder``."""
    home = folder / row.PatientID / row.StudyInstanceUID / f"{row.Modality}_{row.SeriesInstanceUID}"
    return sum(1 for _ in home.glob("*.dcm"))


def _in_short(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
