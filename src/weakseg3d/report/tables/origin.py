"""Where a table comes from: commit, lock file, versions, and what its numbers are."""

import platform
import subprocess

from weakseg3d import __version__
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.files import PROJECT, file_digest
from weakseg3d.report.tables.method_facts import SELECTIONS


def origin():
    """Return what made the tables, ``{name: text}``: the commit, the lock file's hash, and versions."""
    lock = PROJECT / "requirements.lock"
    facts = {"commit": commit()}
    if lock.exists():
        facts["requirements.lock"] = f"sha256 {file_digest(lock)[:12]}"
    return facts | {"weakseg3d": __version__, "python": platform.python_version()}


def commit():
    """Return the repository's commit, and whether tracked files differ from it; ``unknown`` outside a repository."""
    found = _git("rev-parse", "HEAD")
    if not found:
        return "unknown"
    return found + " with uncommitted changes" * bool(_git("status", "--porcelain", "--untracked-files=no"))


def _git(*arguments):
    command = ["git", "-C", str(PROJECT), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def table_footer(given, rows, metrics):
    """Return the footer of a table: what was ``given`` (which goes before all), seeds, selection, origin, definitions.

    ``rows`` are the metrics, with their facts where they are known; ``metrics`` are the names that the table shows.
    """
    facts = {"seeds": " ".join(sorted(rows["seed"].unique(), key=lambda seed: (len(seed), seed)))}
    if "selection" in rows:
        rules = rows.drop_duplicates("method").groupby("selection", sort=False)["method"].agg(", ".join)
        facts["model selection"] = "; ".join(f"{SELECTIONS[rule]}: {names}" for rule, names in rules.items() if rule)
    facts |= origin()
    facts["metric definitions"] = "; ".join(
        f"{METRICS[name].title}: {METRICS[name].definition} ({METRICS[name].source})" for name in metrics
    )
    return given | {key: value for key, value in facts.items() if key not in given}
