"""Raw files of a dataset: found, fetched, verified and unpacked, or a sentence that says what to place where."""

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from weakseg3d.datasets.adapters import ADAPTERS
from weakseg3d.datasets.cases import cases_in, expected_layout
from weakseg3d.datasets.fetching.checksums import mismatch
from weakseg3d.datasets.fetching.instructions import how_to_get
from weakseg3d.datasets.fetching.locking import locked
from weakseg3d.datasets.fetching.synapse import can_fetch, fetch_from_synapse
from weakseg3d.datasets.fetching.transfer import fetch
from weakseg3d.datasets.fetching.unpacking import unpack
from weakseg3d.datasets.file_search import LINK
from weakseg3d.errors import UserError
from weakseg3d.files import file_digest, whole_file
from weakseg3d.phantom import ARCHIVE_NAMES

RECORD = "source.json"
"""Written last: a raw folder that holds it is complete."""

PARALLEL = 4
"""Archives fetched at the same time."""


def download(dataset, out, source=None, shared=None, offline=False):
    """Put the raw files of ``dataset`` (a description) into ``out`` and return the record of their origin.

    An archive that lies in ``out``, or that ``source`` names (the file, or a folder that holds it), is verified
    and unpacked; a ``source`` folder that is already unpacked is linked. Otherwise an open archive is fetched, and
    one on Synapse where its client and a token are at hand; ``offline``, neither. What a former call left
    complete is used as it is.

    With ``shared``, a folder that several experiments or users may name, archives and unpacked files lie there,
    one folder per archive, and ``out`` holds links. Processes that need the same files wait for each other.

    Writes ``out``/source.json last. Raises UserError for a checksum that differs, a damaged archive, files in
    another layout, and for files that only the user can get, with the way to get them.
    """
    out = Path(out)
    [(kind, access)] = dataset["access"].items()
    archives = _archives(kind, access, out)
    if shared is None or source is not None or kind == "phantom":
        return _provide(dataset, archives, out, source, offline)
    (out / RECORD).unlink(missing_ok=True)
    name = archives[0]["archive"].split(".")[0] if archives else dataset["name"]
    place = Path(shared).expanduser() / name
    # Who may only read the shared folder needs no lock there once it is complete.
    origin = _complete(dataset, archives, place) or _provide(dataset, archives, place, None, offline)
    with locked(out):
        return _record(out, {**origin, "cases": _use_folder(dataset, archives, place, out)["cases"]})


def _archives(kind, access, out):
    """Return one dict per archive: its name ``archive`` and its ``url``, ``size``, ``sha256``, ``md5`` where known."""
    if kind == "phantom":
        name = ARCHIVE_NAMES[access["modality"]]
        return [{"archive": name, "url": (out / name).absolute().as_uri()}]
    return [access, *access.get("also", [])] if "archive" in access else []


def _provide(dataset, archives, out, source, offline):
    """Put the raw files into ``out``, alone there, and write the record."""
    with locked(out):
        done = _complete(dataset, archives, out) if source is None else None
        if done is None:
            (out / RECORD).unlink(missing_ok=True)
            done = _record(out, _obtain(dataset, archives, out, source, offline))
    return done


def _record(out, entry):
    with whole_file(out / RECORD) as partial:
        partial.write_text(json.dumps(entry, indent=2) + "\n", encoding="utf-8")
    return entry


def _complete(dataset, archives, out):
    """Return the record of a former call when its files are still what the description asks for, else None.

    Where another dataset came out of the same archive, the record is its own but for name and number of cases.
    """
    try:
        entry = json.loads((out / RECORD).read_text(encoding="utf-8"))
        recorded = [entry, *entry.get("also", [])]
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    same = archives and len(archives) == len(recorded)
    if not same or not all(_is_recorded(*pair, out) for pair in zip(archives, recorded, strict=True)):
        return None
    cases = len(ADAPTERS[dataset["format"]].find_cases(out, dataset["options"]))
    if entry.get("dataset") != dataset["name"]:
        return {**entry, "dataset": dataset["name"], "cases": cases} if cases else None
    return entry if entry.get("cases") == cases else None


def _is_recorded(archive, record, out):
    """Return whether the record is of this archive: by the checksum stated, or that of the archive kept."""
    if "sha256" in archive:
        return record.get("sha256") == archive["sha256"]
    kept = out / archive["archive"]
    if kept.is_file():
        return record.get("sha256") == file_digest(kept)
    return "md5" in archive and record.get("md5") == archive["md5"]


def _obtain(dataset, archives, out, source, offline):
    """Find, link or fetch the raw files and return the record's entry."""
    [(kind, access)] = dataset["access"].items()
    local = _local_archives(archives, out, source)
    for archive, path in zip(archives, local, strict=False):
        if path is not None:
            _verify(archive, path)
    if local and None not in local:
        return _use_archives(dataset, archives, local, out, local[0])
    if source is not None:
        return _use_folder(dataset, archives, Path(source), out)
    if kind == "place" and out.is_dir() and ADAPTERS[dataset["format"]].find_cases(out, dataset["options"]):
        return _entry(dataset, out, out)
    if kind == "place" and "synapse" in access and can_fetch() and not offline:
        fetched = fetch_from_synapse(access["synapse"], access["archive"], out)
        _verify(access, fetched)
        return _use_archives(dataset, archives, [fetched], out, f"https://www.synapse.org/Synapse:{access['synapse']}")
    if kind != "fetch" or offline:
        raise UserError(how_to_get(dataset, archives, out))
    return _use_archives(dataset, archives, _fetch_missing(archives, local, out), out, archives[0]["url"])


def _local_archives(archives, out, source):
    """Return the path of each archive that is on this machine, or None."""
    if source is not None and not Path(source).exists():
        raise UserError(f"{source}: no such file or folder; correct the path of the raw files")
    if source is not None and Path(source).is_file():
        others = [Path(source).with_name(archive["archive"]) for archive in archives[1:]]
        paths = [Path(source), *others]
    else:
        folder = Path(out if source is None else source)
        paths = [_file_of(archive) or folder / archive["archive"] for archive in archives]
    return [path if path.is_file() else None for path in paths]


def _file_of(archive):
    """Return the path in a ``file:`` address, or None."""
    address = urlsplit(archive.get("url", ""))
    return Path(url2pathname(address.path)) if address.scheme == "file" else None


def _fetch_missing(archives, local, out):
    """Fetch the archives whose path in ``local`` is None, several at a time, and return the paths of all."""
    stop = threading.Event()

    def path_of(archive, path):
        if path is None and _file_of(archive):
            raise UserError(f"{_file_of(archive)}: no such file; correct the address in the dataset's YAML")
        if path is None:
            fetch(archive["url"], out / archive["archive"], archive, stop)
        return path or out / archive["archive"]

    with ThreadPoolExecutor(PARALLEL) as pool:
        try:
            return list(pool.map(path_of, archives, local))
        except BaseException:
            stop.set()  # The others end, too, and keep what they have.
            raise


def _use_archives(dataset, archives, paths, out, origin):
    """Unpack the archives at ``paths``, verified before."""
    unpack(paths, out, check=lambda folder: cases_in(dataset, folder, named=paths[0]))
    return _entry(dataset, out, origin, archives, paths)


def _verify(archive, path):
    """Raise a UserError when size or checksum differ from the description's; a third party's MD5 is only told."""
    problem = mismatch(path, archive)
    if problem and not archive.get("md5_is_official", True):
        print(f"{path}: {problem}, which a third party states; going on, look at the cases with care", file=sys.stderr)
    elif problem:
        raise UserError(f"{path}: {problem}; remove it and get it again")


def _use_folder(dataset, archives, source, out):
    """Link the unpacked files of ``source``; it may be the layout's first folder itself, or hold it."""
    adapter = ADAPTERS[dataset["format"]]
    below = source / (adapter.TOP_FOLDER or "")
    top = source if source.name == adapter.TOP_FOLDER and not below.is_dir() else below
    raw = top.parent if adapter.TOP_FOLDER else top
    if not top.is_dir() or not adapter.find_cases(raw, dataset["options"]):
        holds = f"neither {archives[0]['archive']} nor" if archives else "not"
        raise UserError(f"{source}: holds {holds} cases of '{dataset['name']}'; expected is {expected_layout(dataset)}")
    out.mkdir(parents=True, exist_ok=True)
    link = out / (adapter.TOP_FOLDER or LINK)
    if link.is_symlink():
        link.unlink()
    if link.exists():
        if not link.samefile(top):
            raise UserError(f"{link}: lies in the way of a link to {top}; remove one of the two")
    else:
        os.symlink(top.resolve(), link, target_is_directory=True)
    return _entry(dataset, out, source)


def _entry(dataset, out, origin, archives=(), paths=()):
    """Return what source.json says; archives beyond the first stand under ``also``."""
    facts = [_facts(path, archive) for path, archive in zip(paths, archives or [{}], strict=False)]
    first = facts[0] if facts else {"archive": None, "sha256": None, "size": None}
    entry = {"dataset": dataset["name"], "origin": str(origin), **first}
    if facts[1:]:
        entry["also"] = facts[1:]
    return {**entry, "cases": len(cases_in(dataset, out))}


def _facts(path, archive):
    stated = {"md5": archive["md5"]} if "md5" in archive and "sha256" not in archive else {}
    return {"archive": path.name, "sha256": file_digest(path), **stated, "size": path.stat().st_size}
