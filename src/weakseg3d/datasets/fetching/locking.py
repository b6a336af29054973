"""A lock that lets one process at a time work in a folder."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

WITHOUT_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)
"""What file systems without locks answer."""


@contextmanager
def locked(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Wait until no other process has locked ``folder`` (which need not exist), and lock it while the block runs.

    The lock is on a file next to the folder and is released when the process ends, in whatever way. On a file system
    without locks the block runs without a lock.
    """
    path = Path(folder).with_name(f".{Path(folder).name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, fallback_to_soft=False)
    try:
        _acquire(lock, Path(folder).name)
    except OSError as error:
        if error.errno not in WITHOUT_LOCKS:
            raise
    try:
        yield
    finally:
        # Removed while it is still locked: whoever waits for it then notices that, and makes a new one.
        path.unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, name: str) -> None:
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"waiting for another process that is using {name}", file=sys.stderr)
        lock.acquire()
