"""Download of a collection of the Imaging Data Commons (IDC), which is open to everyone, by its own client.

The client, ``idc-index``, is an optional dependency: ``pip install "weakseg3d[idc]"``.
"""

import importlib.util
import sys
from collections.abc import Collection
from pathlib import Path

from weakseg3d.errors import UserError, quoted

FOLDERS = "%PatientID/%StudyInstanceUID/%Modality_%SeriesInstanceUID"
"""Folders of a series, as the client writes them."""

INSTALL = 'pip install "idc-index>=0.11"'


def can_fetch_collection() -> bool:
    """Return whether the client is installed."""
    return importlib.util.find_spec("idc_index") is not None


def fetch_collection(collection: str, modalities: Collection[str], folder: Path) -> None:
    """Download all series of a ``collection`` that have one of the ``modalities`` into ``folder``.

    Files that are there already are not downloaded again. Raises UserError if the client has no such collection, and if
    it fails.
    """
    from idc_index import IDCClient

    client = IDCClient.client()
    index = client.index
    series = index[(index["collection_id"] == collection) & index["Modality"].isin(list(modalities))]
    if series.empty:
        raise UserError(
            f"the installed idc-index knows no collection {quoted(collection)}; upgrade it with {INSTALL} --upgrade"
        )
    gigabytes = series["series_size_MB"].sum() / 1000
    print(
        f"fetching {len(series)} series of {series['PatientID'].nunique()} patients from the IDC, {gigabytes:.1f} GB",
        file=sys.stderr,
        flush=True,
    )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        client.download_from_selection(
            downloadDir=str(folder),
            seriesInstanceUID=series["SeriesInstanceUID"].tolist(),
            dirTemplate=FOLDERS,
            use_s5cmd_sync=True,
        )
    except Exception as error:
        # The client has no exceptions of its own: whatever its downloader raises ends here.
        raise UserError(
            f"{collection}: idc-index could not download the collection ({type(error).__name__}: {quoted(error)}); run"
            " it again, or download the collection yourself"
        ) from error
