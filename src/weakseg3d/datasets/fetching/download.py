"""Download, verification and unpacking of the raw files of a dataset, or instructions what to place where."""

import json
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from weakseg3d.datasets.adapters import ADAPTERS
from weakseg3d.datasets.cases import cases_in, expected_layout, layout_root
from weakseg3d.datasets.fetching import idc
from weakseg3d.datasets.fetching.checksums import mismatch
from weakseg3d.datasets.fetching.instructions import how_to_get
from weakseg3d.datasets.fetching.locking import locked
from weakseg3d.datasets.fetching.synapse import can_fetch, fetch_from_synapse
from weakseg3d.datasets.fetching.transfer import fetch
from weakseg3d.datasets.fetching.unpacking import unpack
from weakseg3d.datasets.file_search import LINK
from weakseg3d.errors import UserError
from weakseg3d.files import file_digest, whole_file
from weakseg3d.ownership import claim, remove_claimed
from weakseg3d.phantom import ARCHIVE_NAMES
from weakseg3d.texts import read_json

RECORD = "source.json"
"""Name of the record of origin, which is written last: a raw folder that contains it is complete."""

PARALLEL_DOWNLOADS = 4
"""Archives downloaded at the same time."""

Archive = Mapping[str, Any]
"""Facts about an archive: its name ``archive`` and, where known, its ``url``, ``size``, ``sha256`` and ``md5``."""

Record = dict[str, Any]
"""The content of source.json."""


def download(
    dataset: dict[str, Any],
    out: str | os.PathLike[str],
    source: str | os.PathLike[str] | None = None,
    shared: str | os.PathLike[str] | None = None,
    offline: bool = False,
) -> Record:
    """Provide the raw files of ``dataset`` (a description) in ``out`` and return the record of their origin.

    An archive that is located in ``out``, or that is given by ``source`` (the file or its folder), is verified
    and unpacked; a ``source`` folder that is already unpacked is linked. Otherwise an open archive is downloaded, and
    an archive on Synapse if its client is installed and a token is set, and a collection of the Imaging Data Commons if
    its client is installed, but nothing if ``offline``. A complete result of an earlier call is reused.

    With ``shared``, a folder that several experiments or users may name, archives and unpacked files are kept there,
    in one folder per archive, and ``out`` contains links. Processes that need the same files wait for each other.

    Writes ``out``/source.json last. Raises UserError for a wrong checksum, a damaged archive, files in another layout,
    and files that only the user can get, with instructions how to get them.
    """
    out = Path(out)
    [(kind, access)] = dataset["access"].items()
    archives = _archives(kind, access, out)
    if shared is None or source is not None or kind == "phantom":
        return _provide(dataset, archives, out, source, offline)
    (out / RECORD).unlink(missing_ok=True)
    name = archives[0]["archive"].split(".")[0] if archives else dataset["name"]
    place = Path(shared).expanduser() / name
    # Once the shared folder is complete, no lock is needed, so users may have it read-only.
    origin = _complete(dataset, archives, place) or _provide(dataset, archives, place, None, offline)
    with locked(out):
        return _record(out, {**origin, "cases": _use_folder(dataset, archives, place, out)["cases"]})


def _archives(kind: str, access: Mapping[str, Any], out: Path) -> list[Archive]:
    """Return the archives of a dataset with access of a ``kind`` (phantom, fetch or place)."""
    if kind == "phantom":
        name = ARCHIVE_NAMES[access["modality"]]
        return [{"archive": name, "url": (out / name).absolute().as_uri()}]
    return [access, *access.get("also", [])] if "archive" in access else []


def _provide(
    dataset: dict[str, Any],
    archives: Sequence[Archive],
    out: Path,
    source: str | os.PathLike[str] | None,
    offline: bool,
) -> Record:
    """Provide the raw files in ``out``, which is locked meanwhile, and write the record."""
    with locked(out):
        record = _complete(dataset, archives, out) if source is None else None
        if record is None:
            (out / RECORD).unlink(missing_ok=True)
            record = _record(out, _obtain(dataset, archives, out, source, offline))
    return record


def _record(out: Path, entry: Record) -> Record:
    """Write ``entry`` to ``out``/source.json and return it."""
    with whole_file(out / RECORD) as partial:
        partial.write_text(json.dumps(entry, indent=2) + "\n", encoding="utf-8")
    return entry


def _complete(dataset: dict[str, Any], archives: Sequence[Archive], out: Path) -> Record | None:
    """Return the record of an earlier call if its files still match the description, else None.

    If the earlier call was for another dataset from the same archive, name and number of cases are replaced.
    """
    try:
        entry = read_json(out / RECORD)
        recorded = [entry, *entry.get("also", [])]
    except (OSError, UserError, TypeError, AttributeError):
        return None
    same_number = archives and len(archives) == len(recorded)
    if not same_number or not all(_is_recorded(*pair, out) for pair in zip(archives, recorded, strict=True)):
        return None
    cases = len(ADAPTERS[dataset["format"]].find_cases(out, dataset["options"]))
    if entry.get("dataset") != dataset["name"]:
        return {**entry, "dataset": dataset["name"], "cases": cases} if cases else None
    return entry if entry.get("cases") == cases else None


def _is_recorded(archive: Archive, record: Record, out: Path) -> bool:
    """Return whether the record belongs to this archive, judging by the stated checksum or the archive in ``out``."""
    if "sha256" in archive:
        return record.get("sha256") == archive["sha256"]
    path = out / archive["archive"]
    if path.is_file():
        return record.get("sha256") == file_digest(path)
    return "md5" in archive and record.get("md5") == archive["md5"]


def _obtain(
    dataset: dict[str, Any],
    archives: Sequence[Archive],
    out: Path,
    source: str | os.PathLike[str] | None,
    offline: bool,
) -> Record:
    """Find, link or download the raw files and return the content of the record."""
    [(kind, access)] = dataset["access"].items()
    local = _local_archives(archives, out, source)
    for archive, path in zip(archives, local, strict=False):
        if path is not None:
            _verify(archive, path)
    present = [path for path in local if path is not None]
    if local and len(present) == len(local):
        return _use_archives(dataset, archives, present, out, present[0])
    if source is not None:
        return _use_folder(dataset, archives, Path(source), out)
    if kind == "place" and out.is_dir() and ADAPTERS[dataset["format"]].find_cases(out, dataset["options"]):
        return _entry(dataset, out, out)
    if kind == "place" and "synapse" in access and can_fetch() and not offline:
        path = fetch_from_synapse(access["synapse"], access["archive"], out)
        _verify(access, path)
        return _use_archives(dataset, archives, [path], out, f"https://www.synapse.org/Synapse:{access['synapse']}")
    if kind == "place" and "idc" in access and idc.is_installed() and not offline:
        origin = idc.fetch_from_idc(access["idc"], out)
        return _entry(dataset, out, origin)
    if kind != "fetch" or offline:
        raise UserError(how_to_get(dataset, archives, out))
    return _use_archives(dataset, archives, _fetch_missing(archives, local, out), out, archives[0]["url"])


def _local_archives(archives: Sequence[Archive], out: Path, source: str | os.PathLike[str] | None) -> list[Path | None]:
    """Return the path of each archive, or None for an archive that is not on this machine."""
    if source is not None and not Path(source).exists():
        raise UserError(f"{source}: no such file or folder; correct the path of the raw files")
    if source is not None and Path(source).is_file():
        others = [Path(source).with_name(archive["archive"]) for archive in archives[1:]]
        paths = [Path(source), *others]
    else:
        folder = Path(out if source is None else source)
        paths = [_file_of(archive) or folder / archive["archive"] for archive in archives]
    return [path if path.is_file() else None for path in paths]


def _file_of(archive: Archive) -> Path | None:
    """Return the path in a ``file:`` address, or None; raise UserError for an address that is none."""
    url = archive.get("url", "")
    try:
        address = urlsplit(url)
    except ValueError as error:
        raise UserError(f"{url}: not an address ({error}); correct it in the dataset's YAML") from None
    return Path(url2pathname(address.path)) if address.scheme == "file" else None


def _fetch_missing(archives: Sequence[Archive], local: Sequence[Path | None], out: Path) -> list[Path]:
    """Download the archives whose path in ``local`` is None, several at a time, and return the paths of all."""
    stop = threading.Event()

    def path_of(archive: Archive, path: Path | None) -> Path:
        if path is None and _file_of(archive):
            raise UserError(f"{_file_of(archive)}: no such file; correct the address in the dataset's YAML")
        if path is None:
            fetch(archive["url"], out / archive["archive"], archive, stop)
        return path or out / archive["archive"]

    with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
        try:
            return list(pool.map(path_of, archives, local))
        except BaseException:
            stop.set()  # The other downloads stop as well and keep their partial files.
            raise


def _use_archives(
    dataset: dict[str, Any], archives: Sequence[Archive], paths: Sequence[Path], out: Path, origin: object
) -> Record:
    """Unpack the verified archives at ``paths`` and return the content of the record."""
    unpack(paths, out, check=lambda folder: cases_in(dataset, folder, reported_path=paths[0]))
    return _entry(dataset, out, origin, archives, paths)


def _verify(archive: Archive, path: Path) -> None:
    """Raise a UserError if size or checksum are wrong; if the MD5 is from a third party, print a warning instead."""
    problem = mismatch(path, archive)
    if problem and not archive.get("md5_is_official", True):
        print(f"{path}: {problem}, which is from a third party; continuing, check the cases carefully", file=sys.stderr)
    elif problem:
        raise UserError(f"{path}: {problem}; remove it and get it again")


def _use_folder(dataset: dict[str, Any], archives: Sequence[Archive], source: Path, out: Path) -> Record:
    """Link the unpacked files of ``source``, which contains the first folder of the layout or is that folder itself."""
    adapter = ADAPTERS[dataset["format"]]
    raw = layout_root(dataset, source)
    top = raw / (adapter.TOP_FOLDER or "")
    if not top.is_dir() or not adapter.find_cases(raw, dataset["options"]):
        missing = f"neither {archives[0]['archive']} nor" if archives else "no"
        raise UserError(
            f"{source}: contains {missing} cases of '{dataset['name']}'; the expected layout is "
            f"{expected_layout(dataset)}"
        )
    out.mkdir(parents=True, exist_ok=True)
    link = out / (adapter.TOP_FOLDER or LINK)
    if not (link.exists() and link.samefile(top)):
        claim(out, [link.name])
        remove_claimed(link)
        os.symlink(top.resolve(), link, target_is_directory=True)
    return _entry(dataset, out, source)


def _entry(
    dataset: dict[str, Any], out: Path, origin: object, archives: Sequence[Archive] = (), paths: Sequence[Path] = ()
) -> Record:
    """Return the content of source.json; archives after the first are listed under ``also``."""
    facts = [_facts(path, archive) for path, archive in zip(paths, archives or [{}], strict=False)]
    first = facts[0] if facts else {"archive": None, "sha256": None, "size": None}
    entry = {"dataset": dataset["name"], "origin": str(origin), **first}
    if facts[1:]:
        entry["also"] = facts[1:]
    return {**entry, "cases": len(cases_in(dataset, out))}


def _facts(path: Path, archive: Archive) -> Record:
    md5 = {"md5": archive["md5"]} if "md5" in archive and "sha256" not in archive else {}
    return {"archive": path.name, "sha256": file_digest(path), **md5, "size": path.stat().st_size}
