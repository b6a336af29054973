"""An experiment's folder: which file made which number. It is the path grammar of ``workflow/Snakefile``, read back."""

import csv
import json
import math
from pathlib import Path

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file, existing_folder

PROVENANCE = "tables/provenance.json"
"""What the workflow says of the experiment: its config, datasets with their splits, and cells with their models."""

CELL = ("dataset", "organ", "annotation", "method", "seed")

MASKS = {
    "original": "4_masks/{dataset}/{organ}/original/{case}.nii.gz",
    "isotropic": "4_masks/{dataset}/{organ}/{case}.nii.gz",
}
IMAGES = {"original": "2_cases/{dataset}/{case}/image.nii.gz", "isotropic": "3_isotropic/{dataset}/{case}/image.nii.gz"}
"""References and images of the grids that predictions are evaluated on."""


class Results:
    """The files of one experiment.

    ``folder`` is where its stages lie, ``config`` what was asked for, ``evaluated_on`` the grid, ``original`` or
    ``isotropic``, ``largest_component`` whether that alone is evaluated; ``datasets`` maps names to ``split`` (its
    path), ``split_sha256``, ``cases`` (by part), ``modality`` and ``window`` (or None); ``cells`` are dicts with the
    keys of `CELL`, ``model`` (the folder of the model that predicts, None for a control) and ``first_stages`` (those of
    the models it started from).
    """

    def __init__(self, folder):
        """Read what the workflow wrote into ``folder``; raises UserError when that is missing or not readable."""
        self.folder = existing_folder(folder)
        path = self.folder / PROVENANCE
        if not path.is_file():
            raise UserError(f"{path}: no such file; name the folder of an experiment that the workflow has reported")
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            self.config, self.evaluated_on = content["config"], content["evaluated_on"]
            self.largest_component = content["largest_component"]
            self.experiment, self.datasets, self.cells = content["experiment"], content["datasets"], content["cells"]
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
            raise UserError(f"{path}: not what the workflow wrote; remove it and run the workflow again") from None

    def cell(self, **labels):
        """Return the cell with all of ``labels`` (values as text or numbers), or None."""
        wanted = {key: str(value) for key, value in labels.items()}
        return next((c for c in self.cells if all(str(c[key]) == value for key, value in wanted.items())), None)

    def model(self, cell, name):
        """Return the path of a file beside the model of ``cell``: ``model.pt``, ``run.json`` or ``losses.csv``."""
        return self.folder / cell["model"] / name

    def prediction(self, cell, case):
        """Return the path of a prediction."""
        return self._run("8_predictions", cell) / f"{case}.nii.gz"

    def evaluated_prediction(self, cell, case):
        """Return the mask of a prediction as it is evaluated, but for its grid."""
        from weakseg3d.evaluation.largest_component import keep_largest_component
        from weakseg3d.images.volumes import read_mask

        mask = read_mask(self.prediction(cell, case))
        return keep_largest_component(mask) if self.largest_component else mask

    def probability(self, cell, case):
        """Return the path of the foreground probability beside a prediction, which need not be there."""
        return self._run("8_predictions", cell) / f"{case}_uncertainty" / "probability.nii.gz"

    def prediction_seconds(self, cell):
        """Return the seconds that the prediction of one case took, by Snakemake's benchmarks; NaN without any.

        A job predicts one case, and has its benchmark under the case's name, or the batch of all, ``@test``.
        """
        folder, cases = self._run("benchmarks/predict", cell), self.datasets[cell["dataset"]]["cases"]["test"]
        if (folder / "@test.tsv").is_file():
            return _seconds(folder / "@test.tsv") / len(cases)
        files = [folder / f"{case}.tsv" for case in cases if (folder / f"{case}.tsv").is_file()]
        return sum(map(_seconds, files)) / len(files) if files else math.nan

    def metrics(self, cell, case):
        """Return the path of a case's metrics."""
        return self._run("9_metrics", cell) / f"{case}.csv"

    def reference(self, dataset, organ, case):
        """Return the path of the mask that a case is compared with."""
        return self.folder / MASKS[self.evaluated_on].format(dataset=dataset, organ=organ, case=case)

    def image(self, dataset, case):
        """Return the path of a case's image, undisturbed, on the grid of the references."""
        return self.folder / IMAGES[self.evaluated_on].format(dataset=dataset, case=case)

    def clicks(self, dataset, organ, case):
        """Return the paths of all markups of a case; none where no one clicked it."""
        folder = self.folder / "5_annotations" / dataset / organ
        return sorted(folder.glob(f"*/{case}.mrk.json"))

    def _run(self, stage, cell):
        parts = (cell["dataset"], cell["organ"], cell["annotation"], cell["method"], f"seed-{cell['seed']}")
        return self.folder.joinpath(stage, *map(str, parts))


def _seconds(benchmark):
    """Return the wall time in seconds that one of Snakemake's benchmarks holds, NaN where it holds none."""
    with open(benchmark, encoding="utf-8", newline="") as stream:
        try:
            return float(next(csv.DictReader(stream, delimiter="\t"))["s"])
        except (StopIteration, KeyError, TypeError, ValueError):
            return math.nan


def read_run(path):
    """Return a ``run.json`` as a dict. Raises UserError when it is missing, or not one that a training wrote."""
    path = existing_file(path)
    try:
        run = json.loads(Path(path).read_text(encoding="utf-8"))
        run["recipe"]["training"]["steps"], run["steps_per_s"], run["peak_memory_mb"], run["device"]  # noqa: B018
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        raise UserError(f"{path}: not a record of a training; remove it and its model.pt, and train again") from None
    return run
