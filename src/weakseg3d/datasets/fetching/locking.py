"""One process at a time in a folder, among all that call `locked` on it."""

import fcntl
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def locked(folder):
    """Wait until no other process holds ``folder`` (which need not exist) and hold it while the block runs.

    The lock is a file beside the folder. It goes when its process ends, however that ends. On a file system
    without locks the block runs all the same.
    """
    path = Path(folder).with_name(f".{Path(folder).name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _acquire(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def _acquire(path):
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another process that works on {path.with_suffix('').name[1:]}", file=sys.stderr)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            return descriptor
        # Whoever held it before has removed the file: a lock on it would keep nobody out.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                return descriptor
        os.close(descriptor)
