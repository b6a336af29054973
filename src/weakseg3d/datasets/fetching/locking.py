"""A lock that lets one process at a time work in a folder."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def locked(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Wait until no other process has locked ``folder`` (which need not exist), and lock it while the block runs.

    The lock is on a file next to the folder and is released when the process ends, in whatever way. On a file system
    without locks the block runs without a lock.
    """
    path = Path(folder).with_name(f".{Path(folder).name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _acquire(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _acquire(path: Path) -> int:
    """Return the descriptor of the locked file ``path``."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another process that is using {path.with_suffix('').name[1:]}", file=sys.stderr)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            return descriptor
        # The previous owner may have deleted the file; a lock on a deleted file would not keep others out.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        os.close(descriptor)
