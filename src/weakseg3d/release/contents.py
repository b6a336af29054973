"""Which files of an experiment a release holds: where they lie, or their content if it is made for the release.

Paths in the archive are those of the experiment's folder. What lies elsewhere is put into ``config/`` and ``inputs/``.
"""

from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any

from weakseg3d.errors import UserError
from weakseg3d.experiment import paths
from weakseg3d.experiment.people import is_peoples
from weakseg3d.experiment.presets import preset_chain
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.files import PROJECT, existing_file, file_digest
from weakseg3d.named_files import named_file, sought_file
from weakseg3d.release.privacy import public_json, public_yaml, without_paths, yaml_bytes
from weakseg3d.report.results import Results, trainings
from weakseg3d.report.settings import Settings

Files = dict[str, Path | bytes]
"""``{path in the archive: file, or content}``."""

DIGESTS = "digests.csv"
"""The list of models and predictions, which are not in the archive."""


def released_settings(results: Results, settings: Settings) -> tuple[Settings, Files]:
    """Return the settings as the archive has them, and their inputs.

    Inputs outside the experiment's folder get a place in the archive. Raises UserError for an input that is missing.
    """
    files: Files = {}

    def place(path: str) -> str:
        parts = PurePosixPath(path)
        inside = not parts.is_absolute() and ".." not in parts.parts and (results.folder / path).is_file()
        number = 1 + sum(name.startswith("inputs/") for name in files)
        name = path if inside else f"inputs/{number}/{parts.name}"
        files[name] = results.folder / path if inside else existing_file(sought_file(path))
        return name

    return settings.with_inputs(place), files


def inputs_of_tables(results: Results) -> Files:
    """Return the records that tables are made of, beside the inputs that the settings name."""
    files: Files = {
        paths.in_results(paths.PROVENANCE): public_json(results.folder / paths.in_results(paths.PROVENANCE))
    }
    for cell in results.cells:
        records = [results.witness(cell)]
        if cell["model"]:
            records += [results.folder / model / "run.json" for model in trainings(cell)]
            records += results.label_records(cell)
        files |= {_name(results, path): public_json(path) for path in records if path.is_file()}
        benchmarks, _ = results.prediction_benchmarks(cell)
        files |= {_name(results, path): path for path in benchmarks}
    return files


def records_of_trainings(results: Results) -> Files:
    """Return the recipe and the losses of every training; those of other programs may lack them."""
    files: Files = {}
    for cell in results.cells:
        for model in trainings(cell):
            recipe, losses = (results.folder / model / name for name in ("recipe.yaml", "losses.csv"))
            files |= {_name(results, recipe): public_yaml(recipe)} if recipe.is_file() else {}
            files |= {_name(results, losses): losses} if losses.is_file() else {}
    return files


def annotations(results: Results, voxels: bool, people: bool) -> Files:
    """Return the annotations of all cases: with ``voxels`` also those that are drawn, with ``people`` also people's."""
    suffixes = ("mrk.json", *["nii.gz"] * voxels)
    files: Files = {}
    for cell in results.cells:
        for part in (cell["annotation"], *cell.get("shares", [])):
            if is_peoples(part) and not people:
                continue
            for case, suffix in product(_cases(results, cell["dataset"]), suffixes):
                known = cell | {"annotation": part, "case": case, "suffix": suffix}
                name = paths.in_results(paths.ANNOTATION).format(**known)
                if (path := results.folder / name).is_file():
                    files[name] = public_json(path) if suffix == "mrk.json" else path
    return files


def configuration(results: Results) -> Files:
    """Return the config, what it names in ``config/``, and the lock file.

    Raises UserError if a split is not the one that the experiment was run with.
    """
    config: dict[str, Any] = results.config
    files: Files = {f"config/{results.experiment}.yaml": yaml_bytes(without_paths(config))}
    methods = {cell["method"] for cell in results.cells}
    methods |= {PurePosixPath(model).parts[-2] for cell in results.cells for model in trainings(cell)}
    named = {
        "datasets": results.datasets,
        "methods": {variant_parts(name)[0] for name in methods},
        "presets": preset_chain(config["preset"]) if config.get("preset") else [],
    }
    for kind, names in named.items():
        files |= {f"config/{kind}/{name}.yaml": public_yaml(named_file(kind, name)) for name in sorted(names)}
    for name, dataset in results.datasets.items():
        split = sought_file(dataset["split"])
        if file_digest(split) != dataset["split_sha256"]:
            raise UserError(f"{split}: not the split that {results.folder} was run with; run the workflow again")
        files[f"config/splits/{name}.csv"] = split
    lock = PROJECT / "requirements.lock"
    return files | ({"requirements.lock": lock} if lock.is_file() else {})


def digests(results: Results) -> bytes:
    """Return a table of the sizes and digests of all models and predictions, as far as they are there."""
    files = [results.weights(cell) for cell in results.cells if cell["model"]]
    files += [results.folder / model / "model.pt" for cell in results.cells for model in trainings(cell)[1:]]
    files += predictions(results).values()
    lines = [
        f"{path.relative_to(results.folder).as_posix()},{path.stat().st_size},{file_digest(path)}\n"
        for path in dict.fromkeys(files)
        if path.is_file()
    ]
    return ("path,bytes,sha256\n" + "".join(sorted(lines))).encode()


def predictions(results: Results) -> dict[str, Path]:
    """Return the masks of all test cases, as far as they are there."""
    files = [
        results.prediction(cell, case)
        for cell in results.cells
        for case in results.datasets[cell["dataset"]]["cases"]["test"]
    ]
    return {_name(results, path): path for path in files if path.is_file()}


def pictures(results: Results) -> dict[str, Path]:
    """Return the pictures of 'overlay'."""
    folders = [results.folder / "figures" / name for name in ("overlays", "uncertainty")]
    return {_name(results, path): path for folder in folders for path in sorted(folder.rglob("*.png"))}


def _cases(results: Results, dataset: str) -> list[str]:
    return [case for cases in results.datasets[dataset]["cases"].values() for case in cases]


def _name(results: Results, path: Path) -> str:
    return path.relative_to(results.folder).as_posix()
