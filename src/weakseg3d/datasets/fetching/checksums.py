"""Size and checksums of a file against what a description states."""

from weakseg3d.files import file_digest


def mismatch(path, expected):
    """Return what is wrong with the file at ``path``, as the rest of a sentence about it, or None.

    ``expected`` may hold ``size`` (bytes), ``sha256`` and ``md5``. The SHA-256 is the stronger of the two: MD5 counts
    where there is no other.
    """
    size = path.stat().st_size
    if expected.get("size", size) != size:
        return f"{size} bytes instead of {expected['size']}"
    for key, name in (("sha256", "SHA-256"), ("md5", "MD5")):
        if key in expected:
            found = file_digest(path, key)
            return None if found == expected[key] else f"its {name} is {found} instead of {expected[key]}"
    return None
