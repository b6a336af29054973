"""The commit of the code that runs."""

import re
import subprocess

from weakseg3d.files import PROJECT

ARCHIVED = PROJECT / ".git_archival.txt"
"""Git writes the commit into this file of every archive that it makes of the repository."""


def commit() -> str | None:
    """Return the repository's commit, or that of the archive it came as; None for a copy without either."""
    head = git("rev-parse", "HEAD")
    if head or not ARCHIVED.is_file():
        return head or None
    archived = re.search(r"\b[0-9a-f]{40}\b", ARCHIVED.read_text(encoding="utf-8"))
    return archived[0] if archived else None


def is_modified() -> bool:
    """Return whether tracked files differ from the commit."""
    return bool(git("status", "--porcelain", "--untracked-files=no"))


def git(*arguments: str) -> str:
    """Return what ``git`` prints about the repository, or nothing where that fails."""
    command = ["git", "-C", str(PROJECT), *arguments]
    try:
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
