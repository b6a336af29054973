"""Where a table comes from: commit, lock file and versions, and how its numbers are defined."""

import platform

from weakseg3d import __version__
from weakseg3d.commit import commit, is_modified
from weakseg3d.evaluation.annotators import training_seeds
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.files import PROJECT, file_digest
from weakseg3d.report.tables.method_facts import SELECTIONS


def origin():
    """Return the software that made the tables as ``{name: text}``: the commit, the lock file's hash, and versions."""
    lock = PROJECT / "requirements.lock"
    facts = {"commit": _commit()}
    if lock.exists():
        facts["requirements.lock"] = f"sha256 {file_digest(lock)[:12]}"
    return facts | {"weakseg3d": __version__, "python": platform.python_version()}


def _commit():
    head = commit()
    return head + " with uncommitted changes" * is_modified() if head else "unknown"


def table_footer(user_footer, rows, measures, software):
    """Return the footer of all tables, ``{key: text}``: seeds, model selection, software and metric definitions.

    The entries of ``user_footer`` come first and replace those of the same key. ``rows`` are the metrics, with their
    facts if they are known; ``measures`` are those whose definitions readers need; ``software`` is what `origin`
    returned where the tables were first made.
    """
    facts = {"seeds": " ".join(sorted(training_seeds(rows).unique(), key=lambda seed: (len(seed), seed)))}
    if "selection" in rows:
        rules = rows.drop_duplicates("method").groupby("selection", sort=False)["method"].agg(", ".join)
        facts["model selection"] = "; ".join(f"{SELECTIONS[rule]}: {names}" for rule, names in rules.items() if rule)
    facts |= software
    metrics = [METRICS[measure.name] for measure in measures if (rows["metric"] == measure.name).any()]
    definitions = (f"{metric.title}: {metric.definition} ({metric.source})" for metric in metrics)
    facts["metric definitions"] = "; ".join(definitions)
    return user_footer | {key: text for key, text in facts.items() if key not in user_footer}
