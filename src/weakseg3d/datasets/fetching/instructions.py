"""One-sentence instructions for users who have to get raw files themselves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from weakseg3d.datasets.adapters import ADAPTERS
from weakseg3d.datasets.fetching.synapse import TOKEN


def how_to_get(dataset: dict[str, Any], archives: Sequence[Mapping[str, Any]], out: Path) -> str:
    """Return the instructions for ``dataset`` (a description), whose ``archives`` are expected in ``out``."""
    [(kind, access)] = dataset["access"].items()
    name = dataset["name"]
    if kind == "phantom":
        return (
            f"{out / archives[0]['archive']}: does not exist; create it with 'python -m weakseg3d phantom "
            f"--modality {access['modality']} --cases {access['cases']} --seed {access['seed']} --out {out}'"
        )
    place = f"into {out}, or name its path with --source PATH (in a configuration, 'raw: {{{name}: PATH}}')"
    if kind == "fetch":
        files = " and ".join(f"{archive['url']}{_checksum(archive)}" for archive in archives)
        return f"the files of '{name}' are missing and cannot be downloaded offline: put {files} {place}"
    folder = f"the folder '{access.get('folder', ADAPTERS[dataset['format']].TOP_FOLDER)}'"
    files = f"{access['archive']}{_checksum(access)}" if archives else folder
    client = f"; with synapseclient installed and {TOKEN} set it is downloaded for you" if "synapse" in access else ""
    if "idc" in access:
        client = "; with idc-index installed (pip install idc-index) it is downloaded for you"
    return f"you have to get the files of '{name}' yourself: {access['instructions']}, then put {files} {place}{client}"


def _checksum(archive: Mapping[str, Any]) -> str:
    for key, name in (("sha256", "SHA-256"), ("md5", "MD5")):
        if key in archive:
            return f" ({name} {archive[key]})"
    return ""
