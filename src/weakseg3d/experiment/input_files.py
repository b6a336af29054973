"""What can be checked before the first job starts: the files that a config names.

Only text files are read and folders listed, never voxels, so that a dry run stays fast.
"""

from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError, quoted
from weakseg3d.experiment import paths
from weakseg3d.experiment.experiment import Dataset, Experiment
from weakseg3d.texts import read_csv


def check_input_files(experiment: Experiment) -> None:
    """Raise UserError for raw data that do not exist, for cases they lack, and for an unusable table of a report."""
    if experiment.report["published"]:
        _check_published(experiment.report["published"], experiment.report["metrics"])
    for name, dataset in experiment.datasets.items():
        if dataset.raw and not Path(dataset.raw).exists():
            raise UserError(f"{dataset.raw}: no such file or folder; correct 'raw.{name}' in the config")
        folder = unpacked_raw_data(experiment, name)
        cases = None if folder is None else sources_by_case(dataset, folder)
        missing = [case for case in dataset.split if cases is not None and case not in cases]
        if missing:
            raise UserError(
                f"{dataset.split_path}: case {quoted(missing[0])} is not in {folder}; correct the split or add the case"
            )


def unpacked_raw_data(experiment: Experiment, name: str) -> Path | None:
    """Return the folder in which the raw data of a dataset are now, or None if they are elsewhere or still packed."""
    raw = experiment.datasets[name].raw
    if not raw:
        record = Path(paths.SOURCE.format(experiment=experiment.name, dataset=name))
        return record.parent if record.is_file() else None
    return None if raw_archives(experiment.datasets[name]) else Path(raw)


def raw_archives(dataset: Dataset) -> list[Path]:
    """Return the archives of raw data of the user's own: the file named in the config, or those in the folder."""
    if Path(dataset.raw).is_file():
        return [Path(dataset.raw)]
    [access] = dataset.description["access"].values()
    names = [entry["archive"] for entry in [access, *access.get("also", [])] if "archive" in entry]
    return [Path(dataset.raw) / name for name in names if (Path(dataset.raw) / name).is_file()]


def sources_by_case(dataset: Dataset, folder: Path) -> dict[str, Any] | None:
    """Return ``{case: files}`` in a ``folder`` of raw data, or None where Snakemake's environment has no image library.

    Raises UserError for a folder without cases.
    """
    try:
        from weakseg3d.datasets.cases import cases_in, layout_root
    except ImportError:
        return None
    return cases_in(dataset.description, layout_root(dataset.description, folder), reported_path=folder)


def _check_published(path: str, metrics: list[str]) -> None:
    try:
        from weakseg3d.report.tables.measures import measure
        from weakseg3d.report.tables.published import read_published
    except ImportError:
        read_csv(path)
    else:
        read_published(path, [measure(name) for name in metrics])
