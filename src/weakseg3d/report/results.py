"""The folder of an experiment, as a report reads it: which file each number comes from."""

import math

from weakseg3d.errors import UserError, quoted
from weakseg3d.experiment import paths
from weakseg3d.experiment.annotation_seeds import seed_of, without_seed
from weakseg3d.files import existing_folder
from weakseg3d.schemas import choose
from weakseg3d.texts import read_csv, read_json

CELL = ("dataset", "organ", "annotation", "method", "seed")
"""Keys that identify a cell of an experiment: one method, trained with one seed for one organ."""

MASKS = {"original": paths.ORIGINAL_MASK, "isotropic": paths.MASK}
IMAGES = {"original": paths.CASE_IMAGE, "isotropic": paths.ISOTROPIC_IMAGE}
"""References and images on each grid that predictions can be evaluated on."""


class Results:
    """The files of one experiment.

    ``folder`` contains its stages and ``config`` is the configuration it was started with. ``evaluated_on`` is the grid
    of the evaluation, ``original`` or ``isotropic``; with ``largest_component`` only the largest component of each
    prediction is evaluated. ``datasets`` maps each name to a dict with ``split`` (a path), ``split_sha256``, ``cases``
    (by part of the split), ``modality`` and ``window`` (or None). ``methods`` maps each name to ``description``,
    ``citation`` and what `network_and_supervision` says of it. ``annotations`` and ``pseudo_labels`` are their path
    parts. These three are empty in records of earlier versions. ``cells`` are dicts with the keys of `CELL`, with
    ``model`` (the folder of the model that predicts; None for a control) and with ``first_stages`` (the folders of the
    models that it was initialised from); where programs of somebody else's made its pseudo labels, ``label_runs`` are
    their records; where the model is the best of several trials, ``trials`` are the folders of all their trainings.
    """

    def __init__(self, folder):
        """Read the workflow's record in ``folder``; raise UserError if it is missing or damaged."""
        self.folder = existing_folder(folder)
        path = self._path(paths.PROVENANCE)
        if not path.is_file():
            raise UserError(f"{path}: no such file; name the folder of an experiment that the workflow has run")
        content = read_json(path, finite=False)
        try:
            self.config, self.evaluated_on = content["config"], content["evaluated_on"]
            self.largest_component = content["largest_component"]
            self.experiment, self.datasets, self.cells = content["experiment"], content["datasets"], content["cells"]
            self.methods = content.get("methods", {})
            self.annotations, self.pseudo_labels = content.get("annotations", []), content.get("pseudo_labels", [])
            valid = _is_record(content) and isinstance(self.methods, dict)
            valid &= isinstance(self.annotations, list) and isinstance(self.pseudo_labels, list)
        except (AttributeError, KeyError, TypeError):
            valid = False
        if not valid:
            raise UserError(f"{path}: not a record of the workflow; remove it and run the workflow again")

    def cells_of(self, **labels):
        """Return the cells that have all of ``labels`` (values as text or numbers), in the order of the experiment.

        An annotation without its seed stands for those of all seeds.
        """
        return [cell for cell in self.cells if all(_has(cell, key, str(value)) for key, value in labels.items())]

    def run_name(self, cell):
        """Return the seed of ``cell`` in words, with that of its annotation if the method has several of them."""
        of_method = self.cells_of(**{key: cell[key] for key in ("dataset", "organ", "method")})
        several = len({each["annotation"] for each in of_method}) > 1
        return f"seed {cell['seed']}" + f", annotation seed {seed_of(cell['annotation'])}" * several

    def model(self, cell, name):
        """Return the path of ``model.pt``, ``run.json`` or ``losses.csv`` in the folder of the model of ``cell``."""
        return self.folder / cell["model"] / name

    def label_records(self, cell):
        """Return the paths of the records of the programs that made the pseudo labels of ``cell``, if any did."""
        return [self.folder / path for path in cell.get("label_runs", [])]

    def weights(self, cell):
        """Return the file that stands for the model of ``cell``: its weights, or what lists an external model's."""
        return self.model(cell, "model.json" if cell.get("external") else "model.pt")

    def prediction(self, cell, case):
        """Return the path of a prediction."""
        return self._path(paths.PREDICTION, case=case, **cell)

    def new_cases(self, dataset):
        """Return the cases that are segmented and not evaluated."""
        return self.datasets[dataset]["cases"].get("new", [])

    def new_scan(self, cell, case):
        """Return the path of the label map of a new case on the scan's own grid; the file need not exist."""
        return self._path(paths.NEW_SCAN, case=case, **cell)

    def scan(self, dataset, case):
        """Return the path of a case's image on its own grid."""
        return self._path(paths.CASE_IMAGE, dataset=dataset, case=case)

    def evaluated_prediction(self, cell, case):
        """Return the mask of a prediction as it is evaluated, but still on the grid of the prediction."""
        from weakseg3d.evaluation.largest_component import keep_largest_component
        from weakseg3d.images.volumes import read_mask

        mask = read_mask(self.prediction(cell, case))
        return keep_largest_component(mask) if self.largest_component else mask

    def probability(self, cell, case):
        """Return the path of the foreground probability of a prediction; the file need not exist."""
        return self._path(paths.UNCERTAINTY, case=case, map="probability", **cell)

    def prediction_benchmarks(self, cell):
        """Return Snakemake's benchmarks of the predictions of all test cases, and how many cases they are of.

        A job predicts either one case, with a benchmark named after the case, or the batch of all, named ``@test``. A
        program of somebody else's predicts all at once.
        """
        cases = self.datasets[cell["dataset"]]["cases"]["test"]
        if cell.get("external"):
            whole = self._path(paths.benchmark("external_predict", paths.EXTERNAL_MASKS), **cell)
            return ([whole], len(cases)) if whole.is_file() else ([], 0)
        pattern = paths.benchmark("predict", paths.PREDICTION)
        batch = self._path(pattern, case="@test", **cell)
        if batch.is_file():
            return [batch], len(cases)
        files = [file for case in cases if (file := self._path(pattern, case=case, **cell)).is_file()]
        return files, len(files)

    def prediction_seconds(self, cell):
        """Return the seconds that the prediction of one case took, from Snakemake's benchmarks; NaN without any."""
        files, cases = self.prediction_benchmarks(cell)
        return sum(map(_seconds, files)) / cases if files else math.nan

    def metrics(self, cell, case):
        """Return the path of a case's metrics."""
        return self._path(paths.METRICS, case=case, **cell)

    def witness(self, cell):
        """Return the path of what MedPy says of the first test case of a cell; the file need not exist."""
        return self._path(paths.WITNESS, **cell)

    def reference(self, dataset, organ, case):
        """Return the path of the mask that the predictions of a case are compared with."""
        return self._path(MASKS[self.evaluated_on], dataset=dataset, organ=organ, case=case)

    def image(self, dataset, case):
        """Return the path of a case's unperturbed image on the grid of the references."""
        return self._path(IMAGES[self.evaluated_on], dataset=dataset, case=case)

    def clicks(self, dataset, organ, case):
        """Return the paths of all markups of a case; an empty list if it was never annotated with clicks."""
        labels = {"dataset": dataset, "organ": organ, "case": case, "suffix": "mrk.json"}
        annotations = dict.fromkeys(cell["annotation"] for cell in self.cells_of(dataset=dataset, organ=organ))
        files = [self._path(paths.ANNOTATION, annotation=annotation, **labels) for annotation in annotations]
        return sorted(file for file in files if file.is_file())

    def _path(self, pattern, **labels):
        """Return the path of ``pattern``, one of `weakseg3d.experiment.paths`, in the folder of the experiment."""
        return self.folder / paths.in_results(pattern).format(**labels)


def trainings(cell):
    """Return the folders of all trainings that a cell took, the one of its model first; none for a control."""
    return [cell["model"], *cell["first_stages"], *cell.get("trials", [])] if cell["model"] else []


def one_annotation(method, known, annotation):
    """Return ``annotation`` or, if it is None, the only ``known`` one; raise UserError if that is not possible."""
    if annotation is None and len(known) > 1:
        raise UserError(f"method {quoted(method)} has the annotations {', '.join(known)}; name one with --annotation")
    if annotation is not None:
        choose(annotation, known, "annotation")
    return annotation or known[0]


def _has(cell, key, value):
    """Return whether a cell has a label."""
    return str(cell[key]) == value or (key == "annotation" and without_seed(cell[key]) == value)


def _is_record(content):
    """Return whether the values in the workflow's record have the types that `Results` promises.

    Raises KeyError, TypeError or AttributeError if something is missing or is not a container.
    """
    for dataset in content["datasets"].values():
        parts = dataset["cases"]
        if not isinstance(parts, dict) or not all(isinstance(cases, list) for cases in parts.values()):
            return False
        # Looking up what has to be there.
        dataset["split"], dataset["split_sha256"], dataset["modality"], dataset["window"], parts["test"]
    for cell in content["cells"]:
        if not all(isinstance(cell[key], (str, int)) for key in CELL) or cell["dataset"] not in content["datasets"]:
            return False
        lists = cell["first_stages"], cell.get("trials", []), cell.get("label_runs", [])
        if not isinstance(cell["model"], (str, type(None))) or not all(isinstance(each, list) for each in lists):
            return False
    return isinstance(content["config"], dict) and content["evaluated_on"] in MASKS


def _seconds(benchmark):
    """Return the wall time in seconds from one of Snakemake's benchmarks; NaN if the file has none."""
    try:
        return float(read_csv(benchmark, delimiter="\t").records()[0]["s"])
    except (UserError, IndexError, KeyError, ValueError):
        return math.nan


def read_run(path):
    """Return a ``run.json`` as a dict. Raises UserError if it is missing, or if no training wrote it."""
    run = read_json(path, finite=False)
    try:
        if run.get("external"):
            numbers = run["wall_time_s"], run["peak_memory_mb"]
        else:
            numbers = run["recipe"]["training"]["steps"], run["steps_per_s"], run["peak_memory_mb"]
        numbers = *numbers, run["recipe"].get("threads", 1)
        valid = isinstance(run["device"], str) and all(math.isfinite(number) for number in numbers)
    except (AttributeError, KeyError, TypeError):
        valid = False
    if not valid:
        raise UserError(f"{path}: not the record of a training; remove it and its model.pt, and train again")
    return run
