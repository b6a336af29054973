"""A file fetched over HTTP: continued where it was cut, tried again, verified, and under its name only when whole."""

import email.utils
import os
import re
import shutil
import sys
import time

from weakseg3d import __version__
from weakseg3d.datasets.fetching.checksums import mismatch
from weakseg3d.errors import UserError
from weakseg3d.progress import Progress

CHUNK = 1 << 20
"""Bytes taken at a time at most, and the unit of the progress shown."""

TIMEOUT = (30, 60)
"""Seconds until a connection stands, and between two pieces; a slow server that keeps sending is waited for."""

ATTEMPTS = 6
"""Attempts in a row that bring nothing new before giving up."""

FIRST_WAIT = 1.0
"""Seconds waited before the second attempt; each further wait is twice as long."""

LONGEST_WAIT = 300
"""Seconds waited before an attempt at most, whatever the server asks for."""

BUSY = {408, 425, 429, 500, 502, 503, 504}
"""HTTP status codes that may be other ones a little later."""


class _TryAgainError(Exception):
    """A failure that may pass; ``wait`` is the number of seconds the server asks for, if any."""

    def __init__(self, reason, wait=None):
        super().__init__(reason)
        self.wait = wait


def fetch(url, target, expected, stop):
    """Fetch ``url`` to the file ``target``, which has to agree with ``expected`` (as for `mismatch`).

    What has come lies beside ``target`` as ``.NAME.part`` until it is whole and verified; the next call goes on
    from there. Cut connections and busy servers (HTTP 429, 503 and the like, their Retry-After heeded) are tried
    again, with growing waits, as long as at least every sixth attempt brings something new. Setting ``stop``, a
    threading.Event, ends it from another thread.

    Raises UserError, which names ``url``: not to be had, too little space on the disk, wrong size or checksum.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    for _ in range(2):  # What came in pieces may be of two files, and what states no length may be cut.
        _bring(url, part, expected.get("size"), target.name, stop)
        problem = mismatch(part, expected)
        if problem is None:
            break
        part.unlink()
    else:
        raise UserError(f"{url}: what came is not the expected file, {problem}; try again later")
    os.replace(part, target)


def _bring(url, part, size, name, stop):
    """Have ``part`` hold all of ``url``, in as many attempts as it takes."""
    import requests

    failures, most = 0, _length(part)
    with requests.Session() as session:
        session.headers.update({"User-Agent": f"weakseg3d/{__version__}", "Accept-Encoding": "identity"})
        while True:
            try:
                return _attempt(session, url, part, size, name, stop)
            except _TryAgainError as error:
                failures = failures + 1 if _length(part) <= most else 1
                most = max(most, _length(part))
                if failures == ATTEMPTS:
                    kept = "; what has come is kept" if most else ""
                    raise UserError(
                        f"{url}: cannot be fetched ({error}){kept}; try again later, or fetch it yourself and give its "
                        "path with --source"
                    ) from None
                wait = min(LONGEST_WAIT, max(FIRST_WAIT * 2 ** (failures - 1), error.wait or 0))
                print(f"fetching {name}: {error}; trying again in {wait:.0f} s", file=sys.stderr, flush=True)
                if stop.wait(wait):
                    raise UserError(
                        f"{url}: not fetched, since another file could not be; what has come is kept"
                    ) from None


def _attempt(session, url, part, size, name, stop):
    import requests

    have = _length(part)
    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        response = session.get(url, headers=headers, stream=True, timeout=TIMEOUT)
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.TooManyRedirects) as error:
        raise UserError(f"{url}: cannot be fetched ({type(error).__name__}); correct the address") from None
    except requests.RequestException as error:
        raise _TryAgainError(type(error).__name__) from None
    with response:
        if response.status_code == 416:  # Nothing lies beyond what we have: it is whole, or of another file.
            if _total_of(response) == have:
                return
            part.unlink()
            raise _TryAgainError("the server has another file now")
        if response.status_code in BUSY:
            raise _TryAgainError(f"HTTP {response.status_code}", _retry_after(response))
        if response.status_code not in (200, 206):
            raise UserError(
                f"{url}: cannot be fetched (HTTP {response.status_code}); "
                "fetch it yourself and give its path with --source"
            )
        start = have if response.status_code == 206 else 0
        if response.status_code == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            part.unlink()
            raise _TryAgainError("the server sent another part than asked for")
        total = _total_of(response) if start else _number(response.headers.get("Content-Length"))
        _check_size(url, part, size, total, start)
        total = size if total is None else total
        _receive(response, part, start, total, name, stop)
    if total is not None and _length(part) < total:
        raise _TryAgainError(f"cut off after {_length(part)} of {total} bytes")


def _check_size(url, part, size, total, start):
    if size is not None and total is not None and size != total:
        part.unlink(missing_ok=True)
        raise UserError(f"{url}: offers {total} bytes instead of {size}, another file than expected; try again later")
    needed = (total or size or 0) - start
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise UserError(f"{part.parent}: {needed / 1e9:.1f} GB are to come and {free / 1e9:.1f} GB are free; make room")


def _receive(response, part, start, total, name, stop):
    """Write what comes into ``part`` from byte ``start`` on, never more than ``total`` bytes in all."""
    have, note = start, f" (from {start // CHUNK} MiB on)" if start else ""
    units = max(1, ((total or start) - start) // CHUNK)
    with open(part, "r+b" if start else "wb") as stream, Progress(units, f"fetching {name}{note}", "MiB") as progress:
        stream.seek(start)
        for piece in _pieces(response):
            have += len(piece)
            if stop.is_set():
                raise _TryAgainError("stopped")
            if total is not None and have > total:
                raise _TryAgainError("the server sent more than it announced")
            stream.write(piece)
            new = (have - start) // CHUNK - progress.done
            if new and total is not None:
                progress.advance(amount=new)


def _pieces(response):
    """Yield the bytes as they come, as they are (an archive that is sent as gzip is not unpacked)."""
    import http.client

    import requests

    cut = (requests.packages.urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
    while True:
        try:
            piece = response.raw.read1(CHUNK, decode_content=False)
        except cut as error:
            raise _TryAgainError(f"cut off ({type(error).__name__})") from None
        if not piece:
            return
        yield piece


def _length(part):
    return part.stat().st_size if part.exists() else 0


def _number(text):
    return int(text) if text and text.isdigit() else None


def _total_of(response):
    """Return the size of the whole file that a Content-Range states, or None."""
    match = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    return int(match[1]) if match else None


def _retry_after(response):
    """Return the seconds that Retry-After asks for, as a number or a date, or None."""
    text = response.headers.get("Retry-After", "")
    if text.isdigit():
        return int(text)
    try:
        return email.utils.parsedate_to_datetime(text).timestamp() - time.time()
    except ValueError:
        return None
