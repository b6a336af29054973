"""Raw files of a dataset: found, fetched, verified and unpacked, or a sentence that says what to place where."""

import json
import os
import sys
from pathlib import Path

from weakseg3d import __version__
from weakseg3d.datasets.adapters import ADAPTERS
from weakseg3d.datasets.unpacking import unpack
from weakseg3d.errors import UserError
from weakseg3d.files import file_digest, whole_file
from weakseg3d.phantom import ARCHIVE_NAMES
from weakseg3d.progress import Progress

RECORD = "source.json"
"""Written last: a raw folder that holds it is complete."""

CHUNK = 1 << 20
"""Bytes fetched at a time, and the unit of the progress shown."""


def download(dataset, out, source=None):
    """Put the raw files of ``dataset`` (a description) into ``out`` and return the record of their origin.

    An archive that lies in ``out``, or that ``source`` names (the file, or a folder that holds it), is verified
    and unpacked; a ``source`` folder that is already unpacked is linked. Otherwise an open archive is fetched.
    Writes ``out``/source.json last. Raises UserError for a checksum that differs, a damaged archive, files in
    another layout, and for files that only the user can get, with the way to get them.
    """
    out = Path(out)
    record = out / RECORD
    record.unlink(missing_ok=True)
    [(kind, access)] = dataset["access"].items()
    name = ARCHIVE_NAMES[access["modality"]] if kind == "phantom" else access.get("archive")
    archive = _local_archive(name, out, source)
    if archive is not None:
        entry = _use_archive(dataset, access, archive, out, archive)
    elif source is not None:
        entry = _use_folder(dataset, Path(source), name, out)
    elif kind == "fetch":
        entry = _use_archive(dataset, access, _fetch(access, out), out, access["url"])
    elif kind == "place" and (out / ADAPTERS[dataset["format"]].TOP_FOLDER).is_dir():
        entry = _entry(dataset, out, out)
    else:
        raise UserError(_how_to_get(dataset, kind, access, name, out))
    with whole_file(record) as partial:
        partial.write_text(json.dumps(entry, indent=2) + "\n", encoding="utf-8")
    return entry


def _local_archive(name, out, source):
    if source is None:
        candidates = [out / name] if name else []
    else:
        source = Path(source)
        if not source.exists():
            raise UserError(f"{source}: no such file or folder; correct the path of the raw files")
        candidates = [source] if source.is_file() else [source / name] if name else []
    return next((path for path in candidates if path.is_file()), None)


def _use_archive(dataset, access, archive, out, origin):
    sha256 = _verify(access, archive)
    unpack(archive, out, check=lambda folder: _count_cases(dataset, folder, archive))
    return _entry(dataset, out, origin, archive, sha256)


def _verify(access, archive):
    """Return the archive's SHA-256; raise UserError when size or checksum differ from the description's."""
    size = archive.stat().st_size
    if access.get("size", size) != size:
        raise UserError(f"{archive}: {size} bytes instead of {access['size']}, an incomplete copy; get it again")
    sha256 = file_digest(archive)
    if access.get("sha256", sha256) != sha256:
        raise UserError(f"{archive}: its SHA-256 is {sha256} instead of {access['sha256']}; remove it and get it again")
    # The SHA-256 is the stronger of the two: MD5 matters where the owner gives nothing else.
    if "md5" in access and "sha256" not in access and file_digest(archive, "md5") != access["md5"]:
        problem = f"{archive}: its MD5 is not {access['md5']}"
        if access["md5_is_official"]:
            raise UserError(f"{problem}; remove it and get it again")
        print(f"{problem}, which a third party states; going on, look at the cases with care", file=sys.stderr)
    return sha256


def _use_folder(dataset, source, archive_name, out):
    """Link the unpacked files of ``source`` (or of its parent, when it is the layout's first folder itself)."""
    adapter = ADAPTERS[dataset["format"]]
    top = source if source.name == adapter.TOP_FOLDER else source / adapter.TOP_FOLDER
    if not top.is_dir() or not adapter.find_cases(top.parent, dataset["options"]):
        holds = f"neither {archive_name} nor" if archive_name else "not"
        raise UserError(f"{source}: holds {holds} cases of '{dataset['name']}'; expected is {adapter.LAYOUT}")
    out.mkdir(parents=True, exist_ok=True)
    link = out / adapter.TOP_FOLDER
    if link.is_symlink():
        link.unlink()
    if link.exists():
        if not link.samefile(top):
            raise UserError(f"{link}: lies in the way of a link to {top}; remove one of the two")
    else:
        os.symlink(top.resolve(), link, target_is_directory=True)
    return _entry(dataset, out, source)


def _entry(dataset, out, origin, archive=None, sha256=None):
    return {
        "dataset": dataset["name"],
        "origin": str(origin),
        "archive": archive.name if archive else None,
        "sha256": sha256,
        "size": archive.stat().st_size if archive else None,
        "cases": _count_cases(dataset, out, archive or out),
    }


def _count_cases(dataset, folder, named):
    """Return how many cases the adapter finds in ``folder``; a UserError about ``named`` when there are none."""
    adapter = ADAPTERS[dataset["format"]]
    cases = adapter.find_cases(folder, dataset["options"])
    if not cases:
        raise UserError(f"{named}: holds no cases of '{dataset['name']}'; expected is {adapter.LAYOUT}")
    return len(cases)


def _fetch(access, out):
    """Fetch the archive into ``out``; it appears there whole and verified, or not at all."""
    import pooch
    import requests

    fetcher = pooch.create(
        path=out,
        base_url="",
        registry={access["archive"]: f"sha256:{access['sha256']}"},
        urls={access["archive"]: access["url"]},
        retry_if_failed=2,
    )
    pooch.get_logger().setLevel("WARNING")
    getter = pooch.HTTPDownloader(
        progressbar=_Transfer(access["archive"]),
        chunk_size=CHUNK,
        headers={"User-Agent": f"weakseg3d/{__version__}"},
        timeout=60,
    )
    try:
        return Path(fetcher.fetch(access["archive"], downloader=getter))
    except ValueError:
        raise UserError(f"{access['url']}: what came does not have the SHA-256 {access['sha256']}; try again") from None
    except requests.RequestException as error:
        raise UserError(
            f"{access['url']}: cannot be fetched ({type(error).__name__}); "
            "try again, or fetch it yourself and give its path with --source"
        ) from None


def _how_to_get(dataset, kind, access, archive_name, out):
    if kind == "phantom":
        return (
            f"{out / archive_name}: not there; make it with 'python -m weakseg3d phantom "
            f"--modality {access['modality']} --cases {access['cases']} --seed {access['seed']} --out {out}'"
        )
    wanted = archive_name or f"the folder '{access.get('folder', ADAPTERS[dataset['format']].TOP_FOLDER)}'"
    check = f" (MD5 {access['md5']})" if "md5" in access else ""
    return (
        f"the files of '{dataset['name']}' must be placed by you: {access['instructions']}, then put {wanted}{check} "
        f"into {out}, or name its place with --source PATH (in a configuration, 'raw: {{{dataset['name']}: PATH}}')"
    )


class _Transfer:
    """A progress bar as pooch wants it, shown by `Progress`; pooch sets ``total`` (bytes) when an attempt starts."""

    def __init__(self, name):
        self._name, self._size, self._progress = name, 0, None

    @property
    def total(self):
        return self._size

    @total.setter
    def total(self, size):
        self._size = size
        self._progress = Progress(max(1, -(-size // CHUNK)), f"fetching {self._name}", "MiB")

    def update(self, amount):
        """Count one more piece; pooch reports the whole size once more at the end, which counts no further."""
        if self._progress.done < self._progress.total:
            self._progress.advance()

    def reset(self):
        """Keep the count: the end follows."""

    def close(self):
        self._progress.__exit__()
