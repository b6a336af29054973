"""The names of the metrics, known without loading one."""

from pathlib import Path

FOLDER = Path(__file__).parent / "metrics"


def metric_names() -> list[str]:
    """Return the names of all metrics in alphabetical order."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def metric_modules() -> tuple[str, ...]:
    """Return the modules of all metrics, which are loaded by name."""
    return tuple(f"weakseg3d.evaluation.metrics.{name}" for name in metric_names())
