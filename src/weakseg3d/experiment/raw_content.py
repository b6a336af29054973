"""What the raw files of each case contain, so that a corrected file is imported again and a moved folder is not.

Snakemake compares dates and parameters. Files of the user's own have no rule that makes them, so a digest of their
content becomes a parameter. Digests are remembered by path, size and date, so that later runs read no file twice.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError
from weakseg3d.experiment.experiment import Experiment
from weakseg3d.experiment.input_files import raw_archives, sources_by_case, unpacked_raw_data
from weakseg3d.files import file_digest, whole_file
from weakseg3d.progress import track
from weakseg3d.texts import read_json

MEMORY = ".snakemake/weakseg3d_digests.json"
"""``{path: [size, date, sha256]}`` of the user's files, in the folder in which Snakemake runs."""


class RawContent:
    """The content of an experiment's raw files, case by case; files are read when a case is asked for."""

    def __init__(self, experiment: Experiment, memory: str | Path = MEMORY):
        self.experiment = experiment
        self.memory = Path(memory)
        self._of_datasets: dict[str, dict[str, str]] = {}

    def text(self, cell: Any) -> str:
        """Return the content of ``cell.case`` or, if that is a batch, of each of its cases, as in a record."""
        cases = self.experiment.cases_of(cell.dataset, cell.case)
        if self.experiment.batch == "case":
            return self.of_case(cell.dataset, cases[0])
        return json.dumps({case: self.of_case(cell.dataset, case) for case in cases})

    def of_case(self, dataset: str, case: str) -> str:
        """Return a short text that changes when the raw files of ``case`` do, or the way to get them does.

        It does not change with the place of the files, unless they cannot be listed.
        """
        access = self.experiment.datasets[dataset].description["access"]
        if dataset not in self._of_datasets:
            self._of_datasets[dataset] = self._digests(dataset)
        digest = self._of_datasets[dataset].get(case, self.experiment.datasets[dataset].raw)
        return hashlib.sha256(json.dumps([access, digest], sort_keys=True).encode()).hexdigest()[:16]

    def _digests(self, dataset: str) -> dict[str, str]:
        """Return ``{case: digest}`` of raw files of the user's own; of an archive, the same for every case."""
        entry = self.experiment.datasets[dataset]
        if not entry.raw:
            return {}
        folder = unpacked_raw_data(self.experiment, dataset)
        sources = None if folder is None else sources_by_case(entry, folder)
        if folder is not None and sources is None:
            return {}
        if sources is None:
            files = dict.fromkeys(entry.split, raw_archives(entry))
        else:
            files = {case: sorted(_files(sources[case])) for case in entry.split if case in sources}
        return self._remembered(files, f"reading the raw files of {dataset}")

    def _remembered(self, files: Mapping[str, Iterable[Path]], description: str) -> dict[str, str]:
        try:
            known = read_json(self.memory) if self.memory.is_file() else {}
        except UserError:
            known = {}  # A damaged memory costs only time.
        unknown = sorted({path for paths in files.values() for path in paths if not _is_known(path, known)})
        for path in track(unknown, description, unit="file") if unknown else ():
            known[str(path.absolute())] = [*_state(path), file_digest(path)]
        if unknown:
            with whole_file(self.memory) as partial:
                partial.write_text(json.dumps(known, indent=0), encoding="utf-8")
        return {
            case: hashlib.sha256("".join(known[str(path.absolute())][2] for path in paths).encode()).hexdigest()
            for case, paths in files.items()
        }


def _is_known(path: Path, known: Mapping[str, Any]) -> bool:
    return known.get(str(path.absolute()), [])[:2] == _state(path)


def _state(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def _files(source: Any) -> Iterator[Path]:
    """Yield all files in the sources of a case: paths, folders of paths, and lists or mappings of either."""
    if isinstance(source, Mapping):
        for value in source.values():
            yield from _files(value)
    elif isinstance(source, list | tuple):
        for value in source:
            yield from _files(value)
    elif source is not None and Path(source).is_dir():
        yield from (path for path in Path(source).rglob("*") if path.is_file() and not path.name.startswith("."))
    elif source is not None and Path(source).is_file():
        yield Path(source)
