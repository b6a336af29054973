"""Download over HTTP, resumed and retried after failures; the file gets its name only once complete and verified."""

import email.utils
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weakseg3d import __version__
from weakseg3d.datasets.fetching.checksums import mismatch
from weakseg3d.errors import UserError
from weakseg3d.progress import Progress

if TYPE_CHECKING:
    import requests

CHUNK = 1 << 20
"""Largest number of bytes read at a time, and the unit of the progress shown."""

TIMEOUT = (30, 60)
"""Longest wait in seconds for a connection, and between two pieces; there is no limit for the whole file."""

ATTEMPTS = 6
"""Number of consecutive attempts without new data before giving up."""

FIRST_WAIT = 1.0
"""Seconds to wait before the second attempt; each further wait is twice as long."""

LONGEST_WAIT = 300
"""Longest wait in seconds before an attempt, whatever the server asks for."""

BUSY = {408, 425, 429, 500, 502, 503, 504}
"""HTTP status codes of failures that may be temporary."""


class _TryAgainError(Exception):
    """A failure that may be temporary; ``wait`` is the number of seconds that the server asks for, if any."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


def fetch(url: str, target: Path, expected: Mapping[str, Any], stop: threading.Event) -> None:
    """Download ``url`` to the file ``target``, which has to match ``expected`` (see `mismatch`).

    The data received is kept next to ``target`` as ``.NAME.part`` until it is complete and verified; another call
    resumes from there. After an interrupted connection or a failure that may be temporary (HTTP 429, 503 and the
    like), the download is retried with increasing waits, or the wait given by Retry-After, as long as at least one in
    six consecutive attempts brings new data. Setting ``stop`` from another thread ends the download.

    Raises UserError that names ``url`` if it is not available or has the wrong size or checksum, and UserError if there
    is not enough space on the disk.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    for _ in range(2):  # Pieces may come from two versions of a file, and without a stated length it may be cut off.
        _fetch_part(url, part, expected.get("size"), target.name, stop)
        problem = mismatch(part, expected)
        if problem is None:
            break
        part.unlink()
    else:
        raise UserError(f"{url}: not the expected file, {problem}; try again later")
    os.replace(part, target)


def _fetch_part(url: str, part: Path, size: int | None, name: str, stop: threading.Event) -> None:
    """Complete the file ``part`` from ``url``, in as many attempts as necessary."""
    import requests

    failures, longest = 0, _length(part)
    with requests.Session() as session:
        session.headers.update({"User-Agent": f"weakseg3d/{__version__}", "Accept-Encoding": "identity"})
        while True:
            try:
                return _attempt(session, url, part, size, name, stop)
            except _TryAgainError as error:
                failures = failures + 1 if _length(part) <= longest else 1
                longest = max(longest, _length(part))
                if failures == ATTEMPTS:
                    partial = "; the partial file is kept" if longest else ""
                    raise UserError(
                        f"{url}: cannot be downloaded ({error}){partial}; try again later, or download it yourself and "
                        "give its path with --source"
                    ) from None
                wait = min(LONGEST_WAIT, max(FIRST_WAIT * 2 ** (failures - 1), error.wait or 0))
                print(f"fetching {name}: {error}; trying again in {wait:.0f} s", file=sys.stderr, flush=True)
                if stop.wait(wait):
                    raise UserError(
                        f"{url}: download stopped, as that of another file failed; the partial file is kept"
                    ) from None


def _attempt(
    session: "requests.Session", url: str, part: Path, size: int | None, name: str, stop: threading.Event
) -> None:
    """Download the missing rest of ``part`` once; raise `_TryAgainError` if that fails but may succeed later."""
    import requests

    length = _length(part)
    headers = {"Range": f"bytes={length}-"} if length else {}
    try:
        response = session.get(url, headers=headers, stream=True, timeout=TIMEOUT)
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.TooManyRedirects) as error:
        raise UserError(f"{url}: cannot be downloaded ({type(error).__name__}); correct the address") from None
    except requests.RequestException as error:
        raise _TryAgainError(type(error).__name__) from None
    with response:
        if response.status_code == 416:  # No data beyond the part: it is complete, or belongs to another file.
            if _total_of(response) == length:
                return
            part.unlink()
            raise _TryAgainError("the file on the server has changed")
        if response.status_code in BUSY:
            raise _TryAgainError(f"HTTP {response.status_code}", _retry_after(response))
        if response.status_code not in (200, 206):
            raise UserError(
                f"{url}: cannot be downloaded (HTTP {response.status_code}); "
                "download it yourself and give its path with --source"
            )
        start = length if response.status_code == 206 else 0
        if response.status_code == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {length}-"):
            part.unlink()
            raise _TryAgainError("the server sent a different part than requested")
        total = _total_of(response) if start else _number(response.headers.get("Content-Length"))
        _check_size(url, part, size, total, start)
        total = size if total is None else total
        _receive(response, part, start, total, name, stop)
    if total is not None and _length(part) < total:
        raise _TryAgainError(f"cut off after {_length(part)} of {total} bytes")


def _check_size(url: str, part: Path, size: int | None, total: int | None, start: int) -> None:
    """Raise a UserError if ``total`` bytes are not the expected ``size``, or if the disk has too little space."""
    if size is not None and total is not None and size != total:
        part.unlink(missing_ok=True)
        raise UserError(f"{url}: has {total} bytes instead of {size}, so it is not the expected file; try again later")
    needed = (total or size or 0) - start
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise UserError(
            f"{part.parent}: {needed / 1e9:.1f} GB are needed but {free / 1e9:.1f} GB are free; free some space"
        )


def _receive(
    response: "requests.Response", part: Path, start: int, total: int | None, name: str, stop: threading.Event
) -> None:
    """Write the received data to ``part`` from byte ``start`` on, up to ``total`` bytes in all."""
    length, note = start, f" (from {start // CHUNK} MiB on)" if start else ""
    units = max(1, ((total or start) - start) // CHUNK)
    with open(part, "r+b" if start else "wb") as stream, Progress(units, f"fetching {name}{note}", "MiB") as progress:
        stream.seek(start)
        for piece in _pieces(response):
            length += len(piece)
            if stop.is_set():
                raise _TryAgainError("stopped")
            if total is not None and length > total:
                raise _TryAgainError("the server sent more than it announced")
            stream.write(piece)
            new = (length - start) // CHUNK - progress.done
            if new and total is not None:
                progress.advance(amount=new)


def _pieces(response: "requests.Response") -> Iterator[bytes]:
    """Yield the bytes as they arrive, without decoding (an archive that is sent as gzip is not unpacked)."""
    import http.client

    import requests

    interruptions = (requests.packages.urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
    while True:
        try:
            piece = response.raw.read1(CHUNK, decode_content=False)
        except interruptions as error:
            raise _TryAgainError(f"cut off ({type(error).__name__})") from None
        if not piece:
            return
        yield piece


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _total_of(response: "requests.Response") -> int | None:
    """Return the size of the whole file as stated by Content-Range, or None."""
    match = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _retry_after(response: "requests.Response") -> float | None:
    """Return the seconds to wait that Retry-After states as a number or a date, or None."""
    text = response.headers.get("Retry-After", "")
    if text.isdigit():
        return int(text)
    try:
        return email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return None
