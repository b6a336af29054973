"""Which files each step of an experiment reads, as Snakemake's graph of jobs knows them.

Every function takes a cell: a `Cell`, or Snakemake's wildcards, of which only the needed attributes are read. Where a
step handles cases one by one, the cell also has the attribute ``case``.
"""

import os
import shlex
from collections.abc import Callable, Iterable
from typing import Any

from weakseg3d.annotations import ANNOTATIONS, is_drawn
from weakseg3d.experiment import paths
from weakseg3d.experiment.annotation_seeds import seed_of
from weakseg3d.experiment.experiment import Evaluation, Experiment, pseudo_label_part
from weakseg3d.experiment.external_commands import placeholders
from weakseg3d.experiment.external_facts import gets_annotations, target_of
from weakseg3d.experiment.mixture import shares_of
from weakseg3d.experiment.trials import Selection
from weakseg3d.phantom import ARCHIVE_NAMES

WILDCARDS = ("dataset", "organ", "annotation", "pseudo_label", "method", "seed", "case")


def _known(cell: Any) -> dict[str, Any]:
    """Return what a cell says of those wildcards that it has."""
    return {name: getattr(cell, name) for name in WILDCARDS if hasattr(cell, name)}


class StageFiles:
    """The files of one experiment. With ``batch: split`` a record stands for the files of all cases of a batch."""

    def __init__(self, experiment: Experiment):
        self.experiment = experiment
        self.patterns = paths.tracked_paths(experiment.batch)

    def path(self, pattern: str, cell: Any, **more: Any) -> str:
        """Return ``pattern`` (of `weakseg3d.experiment.paths`) filled from ``cell`` and ``more``, which goes first."""
        filled = pattern.format(**{"experiment": self.experiment.name} | _known(cell) | more)
        return paths.tracked(filled, self.experiment.batch)

    def _paths(self, pattern: str, cell: Any, cases: Iterable[str], **more: Any) -> list[str]:
        return [self.path(pattern, cell, case=case, **more) for case in cases]

    # Raw data

    def archive(self, cell: Any) -> list[str]:
        """Return the archive that has to be made first, for an embedded dataset; nothing for any other."""
        phantom = self.experiment.datasets[cell.dataset].description["access"].get("phantom")
        return [self.path(paths.ARCHIVE, cell, archive=ARCHIVE_NAMES[phantom["modality"]])] if phantom else []

    # Annotations and pseudo labels

    def suffix(self, annotation: str) -> str:
        """Return how the files of an annotation end."""
        entry = ANNOTATIONS.choice(self.experiment.annotations()[annotation]).entry
        return "nii.gz" if is_drawn(entry) else "mrk.json"

    def annotation(self, cell: Any) -> str:
        """Return the annotation of a case."""
        return self.path(paths.ANNOTATION, cell, suffix=self.suffix(cell.annotation))

    def peoples_files(self, cell: Any) -> list[str]:
        """Return the files that people made for a case or for all cases of a batch."""
        people = self.experiment.datasets[cell.dataset].people_of_part(cell.organ, cell.annotation)
        if people.imported:  # They lie beside the image, and are made with it.
            return [self.path(paths.CASE_IMAGE, cell)]
        cases = self.experiment.cases_of(cell.dataset, cell.case)
        return [path for case in cases for path in people.of_case(case)]

    def annotations(self, cell: Any, cases: Iterable[str]) -> list[str]:
        """Return what an annotator gives for ``cases``, or batches: masks for full supervision."""
        if cell.annotation == "dense":
            return self._paths(paths.MASK, cell, cases)
        return self._paths(paths.ANNOTATION, cell, cases, suffix=self.suffix(cell.annotation))

    def measured(self, cell: Any, part: str = "train") -> list[str]:
        """Return what the effort of annotating ``part`` is measured on: what people saved, or what was simulated.

        That of a mixture is gathered from the tables of its shares.
        """
        if cell.annotation in self.experiment.mixtures():
            return list(self.efforts_of_mixture(cell))
        if cell.annotation not in self.experiment.peoples_annotations():
            return self.annotations(cell, self._annotated(cell, self._batches(cell, part)))
        people = self.experiment.datasets[cell.dataset].people_of_part(cell.organ, cell.annotation)
        if people.imported:
            return self._paths(paths.CASE_IMAGE, cell, self._batches(cell, part))
        cases = self.annotated_cases(cell, part)
        return [path for case in cases for path in people.of_case(case)] + people.times_file()

    def annotations_of_cases(self, cell: Any, part: str) -> list[str]:
        """Return the annotations of ``part`` of the split, a file for each case."""
        return self.annotations(cell, self.annotated_cases(cell, part))

    def annotated_cases(self, cell: Any, part: str) -> list[str]:
        """Return the cases of ``part`` that have an annotation, or a label to simulate it from."""
        return self._annotated(cell, self.experiment.datasets[cell.dataset].cases(part))

    def _annotated(self, cell: Any, cases: list[str]) -> list[str]:
        """Return those of ``cases`` that have the annotation of a cell; a batch has it as a whole."""
        known = self.experiment.datasets[cell.dataset].split
        return [
            case
            for case in cases
            if case not in known or self.experiment.has(cell.dataset, cell.organ, cell.annotation, case)
        ]

    def efforts_of_mixture(self, cell: Any) -> dict[str, list[str]]:
        """Return ``{table: cases}``: the efforts of the shares of a mixture, and the training cases of each share."""
        method = self.experiment.mixtures()[cell.annotation]
        tables: dict[str, list[str]] = {}
        for share, cases in self._shares(cell, method, "train"):
            part = self._annotation_of_share(cell, share)
            tables.setdefault(self.path(paths.EFFORT, cell, annotation=part), []).extend(cases)
        return tables

    def _shares(self, cell: Any, method: str, part: str) -> list[tuple[dict[str, Any], list[str]]]:
        """Return each share of a method, as if it were a method, with its cases in ``part`` of the split."""
        content = self.experiment.methods[method]
        if "mixed" not in content:
            return [(content, self.experiment.datasets[cell.dataset].cases(part))]
        shares = self.experiment.shares(method, cell.dataset, cell.organ, part)
        members = {name: [case for case, share in shares.items() if share == name] for name in shares_of(content)}
        return [(share, members[name]) for name, share in shares_of(content).items() if members[name]]

    def _annotation_of_share(self, cell: Any, share: dict[str, Any]) -> str:
        """Return the path part of the annotation of a share, by the annotator of the cell."""
        return self.experiment.annotation_part(share, cell.dataset, cell.organ, seed_of(cell.annotation))

    def labelled_cases(self, cell: Any) -> list[str]:
        """Return the cases that a program of somebody else's makes the pseudo label of a cell for: none of the test."""
        return [case for cases in self._labelled(cell).values() for case in cases]

    def label_inputs(self, cell: Any) -> list[str]:
        """Return the images and the annotations of these cases."""
        in_batches = self.experiment.batch != "case"
        found = self._labelled(cell).items()
        cases = [case for part, cases in found for case in (self._batches(cell, part) if in_batches else cases)]
        return self._images_and_annotations(cell, cases)

    def _labelled(self, cell: Any) -> dict[str, list[str]]:
        """Return ``{part of the split: cases}`` that some method needs the pseudo label of a cell for.

        A batch is labelled as a whole.
        """
        needed: dict[str, set[str]] = {}
        for method in self.experiment.methods:
            for part in self.experiment.weakly_labelled_parts(cell.dataset, method):
                for share, cases in self._shares(cell, method, part):
                    if self._is_label_of(cell, share):
                        needed.setdefault(part, set()).update(cases)
        whole, dataset = self.experiment.batch != "case", self.experiment.datasets[cell.dataset]
        return {part: [each for each in dataset.cases(part) if whole or each in needed[part]] for part in needed}

    def _is_label_of(self, cell: Any, share: Any) -> bool:
        """Return whether a share learns from the pseudo label of a cell, made of its annotation."""
        if "pseudo_label" not in share or pseudo_label_part(share["pseudo_label"]) != cell.pseudo_label:
            return False
        return self._annotation_of_share(cell, share) == cell.annotation

    def label_files(self, cell: Any) -> str:
        """Return the files of ``$case`` in the list of these cases, seen from its folder: image and annotation."""
        files = self._images_and_annotations(cell, ["$case"])
        return ",".join(os.path.relpath(file, self.path(paths.LABELS, cell)) for file in files)

    def _images_and_annotations(self, cell: Any, cases: list[str]) -> list[str]:
        return [*self._paths(paths.ISOTROPIC_IMAGE, cell, cases), *self.annotations(cell, cases)]

    def external_label(self, cell: Any) -> str:
        """Return a pseudo label as such a program wrote it, for a case or with a batch in its place."""
        soft = self.experiment.program_of(cell)["probabilities"]
        return self._as_written(paths.EXTERNAL_LABEL, cell, paths.PROBABILITY if soft else "")

    # Training

    def training_images(self, cell: Any) -> list[str]:
        """Return the arrays of the training images as the method sees them."""
        return self._images(cell, self._batches(cell, "train"))

    def training_targets(self, cell: Any) -> list[str]:
        """Return the arrays of the training targets: of dense masks only under dense supervision."""
        return self._targets(cell, "train")

    def validation_images(self, cell: Any) -> list[str]:
        """Return the arrays of the images of the cases that select the model, as the method sees training images."""
        return self._images(cell, self._validation_batches(cell))

    def validation_targets(self, cell: Any) -> list[str]:
        """Return the arrays by which the model is selected."""
        return self._selection_targets(cell, self.experiment.validation_part(cell.dataset, cell.method))

    def validation_cases(self, cell: Any) -> list[str]:
        """Return the list of the cases that select the model, for a method that selects it by any."""
        part = self.experiment.validation_part(cell.dataset, cell.method)
        return [self.path(paths.VALIDATION_CASES, cell)] if part else []

    def training_lines(self, cell: Any) -> str:
        """Return shell commands that print case, image and target, seen from the folder of the list of cases.

        The shell fills in the cases, as the length of a command is bounded.
        """
        return self._lines(cell, "train", self._targets_of_share)

    def validation_lines(self, cell: Any) -> str:
        """Return the same for the cases that select the model."""
        part = self.experiment.validation_part(cell.dataset, cell.method)
        dense = self.experiment.methods[cell.method]["selection"] == "dense_validation"
        return self._lines(cell, part, self._masks if dense else self._targets_of_share) if part else "true"

    def _lines(self, cell: Any, part: str, targets: Callable[[Any, Any, list[str]], list[str]]) -> str:
        folder = self.path(paths.METHOD, cell)
        loops = []
        for share, cases in self._shares(cell, cell.method, part):
            files = self._images(cell, ["$case"]) + targets(cell, share, ["$case"])
            line = ",".join(os.path.relpath(file, folder) for file in files)
            loops.append(f'for case in {shlex.join(cases)}; do echo "$case,{line}"; done')
        return "; ".join(loops)

    def first_stages(self, cell: Any) -> list[str]:
        """Return the two models that a distillation starts from."""
        students = [self.experiment.model_of(student) for student in self.experiment.students(cell.method)]
        return [self.path(paths.MODEL, cell, method=student) for student in students]

    def _batches(self, cell: Any, part: str | None) -> list[str]:
        return self.experiment.batches(cell.dataset, part)

    def _validation_batches(self, cell: Any) -> list[str]:
        return self._batches(cell, self.experiment.validation_part(cell.dataset, cell.method))

    def _images(self, cell: Any, cases: Iterable[str]) -> list[str]:
        if self.experiment.is_external(cell.method):
            image = self.experiment.image(cell.method, "train")
            return self._paths(paths.SEEN_IMAGE, cell, cases, image=image)
        clipping = "" if self.experiment.methods[cell.method]["clipping"] else paths.UNCLIPPED
        image = self.experiment.image(cell.method, "train")
        return self._paths(paths.IMAGE_ARRAY, cell, cases, clipping=clipping, image=image)

    def _targets(self, cell: Any, part: str | None) -> list[str]:
        """Return the targets of all cases, or batches, of ``part``."""
        found = []
        for share, cases in self._shares(cell, cell.method, part) if part else ():
            inside = cases if self.experiment.batch == "case" else self._batches(cell, part)
            found += self._targets_of_share(cell, share, inside)
        return found

    def _targets_of_share(self, cell: Any, share: Any, cases: list[str]) -> list[str]:
        if self.experiment.is_external(cell.method):
            return self._volumes_of_targets(cell, cases)
        if share["supervision"] == "dense":
            return self._masks(cell, share, cases)
        annotation = self._annotation_of_share(cell, share)
        label = pseudo_label_part(share["pseudo_label"])
        return self._paths(paths.PSEUDO_LABEL_ARRAY, cell, cases, annotation=annotation, pseudo_label=label)

    def _masks(self, cell: Any, share: Any, cases: list[str]) -> list[str]:
        return self._paths(paths.MASK_ARRAY, cell, cases)

    def _selection_targets(self, cell: Any, part: str | None) -> list[str]:
        if self.experiment.methods[cell.method]["selection"] == "dense_validation":
            return self._paths(paths.MASK_ARRAY, cell, self._batches(cell, part))
        return self._targets(cell, part)

    def _volumes_of_targets(self, cell: Any, cases: Iterable[str]) -> list[str]:
        """Return the files that a program of somebody else's learns from: masks, labels or the annotations."""
        if target_of(self.experiment.methods[cell.method]) == "annotation" or cell.annotation == "dense":
            return self.annotations(cell, cases)
        return self._pseudo_labels(paths.PSEUDO_LABEL, cell, cases)

    def _pseudo_labels(self, pattern: str, cell: Any, cases: Iterable[str]) -> list[str]:
        label = pseudo_label_part(self.experiment.methods[cell.method]["pseudo_label"])
        return self._paths(pattern, cell, cases, pseudo_label=label)

    # Selection among trials

    def scored_images(self, cell: Any) -> list[str]:
        """Return the images of the validation cases, as the method sees training images."""
        return self._scored_images(cell, self._batches(cell, "validation"))

    def scored_labels(self, cell: Any) -> list[str]:
        """Return the labels by which one of several trials is chosen: dense masks only where the config says so."""
        return self._scored_labels(cell, self._batches(cell, "validation"))

    def scored_files(self, cell: Any) -> str:
        """Return the files of ``$case`` in the list of scored cases, seen from its folder: image and label."""
        files = self._scored_images(cell, ["$case"]) + self._scored_labels(cell, ["$case"])
        return ",".join(os.path.relpath(file, self.path(paths.METHOD, cell)) for file in files)

    def _scored_images(self, cell: Any, cases: Iterable[str]) -> list[str]:
        return self._paths(paths.SEEN_IMAGE, cell, cases, image=self.experiment.image(cell.method, "train"))

    def _scored_labels(self, cell: Any, cases: Iterable[str]) -> list[str]:
        annotation = self.scored_with(cell)
        if annotation == "dense":
            return self._paths(paths.MASK, cell, cases)
        label = pseudo_label_part(self._selection.share["pseudo_label"])
        return self._paths(paths.PSEUDO_LABEL, cell, cases, annotation=annotation, pseudo_label=label)

    def scored_with(self, cell: Any) -> str:
        """Return the path part of the annotation by which one of several trials is chosen; ``dense`` for masks."""
        return self._annotation_of_share(cell, dict(self._selection.share))

    @property
    def _selection(self) -> Selection:
        assert self.experiment.selection is not None, "the study selects nothing"
        return self.experiment.selection

    def scores_of_trials(self, cell: Any) -> list[str]:
        """Return the scores of all trials of a variant."""
        return [self.path(paths.SCORES, cell, method=trial) for trial in self.experiment.trials(cell.method)]

    def models_of_trials(self, cell: Any, pattern: str = paths.MODEL) -> list[str]:
        """Return the models of all trials of a variant, or another file of their trainings."""
        trials = self.experiment.trials(cell.method)
        return [self.path(pattern, cell, method=self.experiment.model_of(trial)) for trial in trials]

    def tried(self) -> list[str]:
        """Return the tables of what was tried for every variant that is selected among trials, in config order."""
        cells = [cell for cell in self.experiment.cells() if self.experiment.trials(cell.method)]
        return [self.path(paths.TRIED, cell) for cell in cells]

    # Prediction and evaluation

    def model(self, cell: Any) -> str:
        """Return the model a method predicts with; variants that differ in their test images alone share one."""
        pattern = paths.EXTERNAL_MODEL if self.experiment.is_external(cell.method) else paths.MODEL
        return self.path(pattern, cell, method=self.experiment.model_of(cell.method))

    def test_images(self, cell: Any) -> list[str]:
        """Return the images of all test cases as the method sees them."""
        image = self.experiment.image(cell.method, "test")
        return self._paths(paths.SEEN_IMAGE, cell, self._batches(cell, "test"), image=image)

    def test_columns(self, cell: Any) -> str:
        """Return the columns of the list of test images."""
        return "case,image,annotation" if gets_annotations(self.experiment.methods[cell.method]) else "case,image"

    def test_files(self, cell: Any) -> str:
        """Return the files of ``$case`` in the list of test images, seen from its folder: image and annotation."""
        image = self.experiment.image(cell.method, "test")
        files = self._paths(paths.SEEN_IMAGE, cell, ["$case"], image=image)
        if gets_annotations(self.experiment.methods[cell.method]):
            files += self.annotations(cell, ["$case"])
        return ",".join(os.path.relpath(file, self.path(paths.METHOD, cell)) for file in files)

    def predicted_with(self, cell: Any) -> dict[str, Any]:
        """Return what a program of somebody else's predicts with beside the images, as its command names it."""
        method = self.experiment.methods[cell.method]
        found: dict[str, Any] = {}
        trained = self.experiment.is_trained(cell.method)
        if trained:
            found["model"] = self.model(cell)
        # Without a model, it is the recipe that knows what the program contains.
        if not trained or "recipe" in placeholders(method["external"]["predict"]):
            found["recipe"] = self.path(paths.RECIPE, cell)
        if gets_annotations(method):
            found["annotations"] = self.annotations(cell, self._batches(cell, "test"))
        return found

    def given_masks(self, cell: Any) -> list[str]:
        """Return the masks, made elsewhere, of a case or of all cases of a batch."""
        return [self.experiment.given_mask(cell, case) for case in self.experiment.cases_of(cell.dataset, cell.case)]

    def mask_images(self, cell: Any) -> list[str]:
        """Return the images on whose grid such a mask may be: what methods see, and what is evaluated."""
        return list(dict.fromkeys([self.test_image(cell), self.evaluated_image(cell)]))

    def external_mask(self, cell: Any, suffix: str = "") -> str:
        """Return a mask as a program of somebody else's wrote it, for a case or with a batch in its place."""
        return self._as_written(paths.EXTERNAL_MASK, cell, suffix)

    def _as_written(self, pattern: str, cell: Any, suffix: str) -> str:
        """Return a file that a program wrote, which has no record."""
        return pattern.format(experiment=self.experiment.name, suffix=suffix, **_known(cell))

    def test_image(self, cell: Any) -> str:
        """Return the image of a test case as the method sees it."""
        return self.path(paths.SEEN_IMAGE, cell, image=self.experiment.image(cell.method, "test"))

    def control_source(self, cell: Any) -> str:
        """Return what a control copies: the mask it is compared with, or the method's own pseudo label."""
        if self.experiment.methods[cell.method]["control"] == "pseudo_label":
            return self._pseudo_labels(paths.PSEUDO_LABEL, cell, [cell.case])[0]
        return self.reference(cell)

    def uncertainty_patterns(self) -> list[str]:
        """Return the patterns of the uncertainty maps beside every prediction, where the config asks for them."""
        maps = paths.UNCERTAINTY_MAPS if self.experiment.uncertainty else ()
        return [self.patterns.UNCERTAINTY.replace("{map}", name) for name in maps]

    def uncertainty(self, cell: Any) -> list[str]:
        """Return the uncertainty maps beside a prediction, if it has any."""
        if not self.experiment.has_uncertainty(cell.method):
            return []
        return [self.path(paths.UNCERTAINTY, cell, map=name) for name in paths.UNCERTAINTY_MAPS]

    def reference(self, cell: Any) -> str:
        """Return the mask that a case is compared with, on the grid that the experiment is evaluated on."""
        original = self.experiment.evaluate_on == "original"
        return self.path(paths.ORIGINAL_MASK if original else paths.MASK, cell)

    def evaluated_image(self, cell: Any) -> str:
        """Return the image of a case on the grid that the experiment is evaluated on."""
        original = self.experiment.evaluate_on == "original"
        return self.path(paths.CASE if original else paths.ISOTROPIC, cell, kind="image")

    # New scans

    def models_of_organs(self, cell: Any) -> list[str]:
        """Return the models of a method for all organs of a dataset, with one seed."""
        return [self._organ_model(cell, organ) for organ in self.experiment.datasets[cell.dataset].organs]

    def _organ_model(self, cell: Any, organ: str) -> str:
        annotation = self.experiment.annotation(cell.method, cell.dataset, organ)
        method = self.experiment.model_of(cell.method)
        return self.path(paths.MODEL, cell, organ=organ, annotation=annotation, method=method)

    def new_images(self, cell: Any) -> list[str]:
        """Return the images of all cases that the split calls new, on their own grids."""
        return self._paths(paths.CASE_IMAGE, cell, self._batches(cell, "new"))

    def new_files(self, cell: Any) -> str:
        """Return the image of the new case ``$case``, seen from the folder of their list."""
        (file,) = self._paths(paths.CASE_IMAGE, cell, ["$case"])
        return os.path.relpath(file, os.path.dirname(self.path(paths.NEW_IMAGES, cell)))

    def new_scans(self) -> list[str]:
        """Return the tables of the segmented new cases, of every dataset that has some: each method's first seed."""
        return [
            paths.NEW_SCANS.format(experiment=self.experiment.name, dataset=name, method=method, seed=seed)
            for name, dataset in self.experiment.datasets.items()
            for method in self.experiment.shown
            for seed in self.experiment.seeds[:1]
            if dataset.cases("new") and self.experiment.segments_new_scans(method)
        ]

    # The report

    def metrics(self) -> list[str]:
        """Return the metrics of every cell, in config order, for the test cases of its dataset."""
        cells = self.experiment.cells()
        return [file for cell in cells for file in self._paths(paths.METRICS, cell, self._batches(cell, "test"))]

    def metrics_of_cases(self) -> list[str]:
        """Return the same, a file for each test case."""
        return [
            paths.METRICS.format(experiment=self.experiment.name, case=case, **cell._asdict())
            for cell in self.experiment.cells()
            for case in self.experiment.datasets[cell.dataset].cases("test")
        ]

    def witnesses(self) -> list[str]:
        """Return MedPy's values for one test case of every cell."""
        return [self.path(paths.WITNESS, cell) for cell in self.experiment.cells()]

    def witnessed(self, cell: Any) -> dict[str, str]:
        """Return what MedPy compares, by the options of the verb: the batch of the first test case."""
        return self._compared(cell, self._batches(cell, "test")[0])

    def witnessed_case(self, cell: Any) -> dict[str, str]:
        """Return the same, the files of the first test case."""
        return self._compared(cell, self.experiment.datasets[cell.dataset].cases("test")[0])

    def _compared(self, cell: Any, case: str) -> dict[str, str]:
        compared = Evaluation(cell.dataset, cell.organ, cell.annotation, cell.method, cell.seed, case)
        return {"prediction": self.path(paths.PREDICTION, compared), "reference": self.reference(compared)}

    def runs(self) -> list[str]:
        """Return the records of all trainings whose models predict, and of those that these started from.

        Of a variant that is selected among trials, also those of all trials.
        """
        cells = [cell for cell in self.experiment.cells() if self.experiment.is_trained(cell.method)]
        trainings = [
            (cell, method)
            for cell in cells
            for method in (self.experiment.model_of(cell.method), *self.experiment.trained_for(cell.method))
        ]
        files = [
            self.path(pattern, cell, method=method)
            for cell, method in trainings
            for pattern in (paths.RUN, *[paths.LOSSES] * (not self.experiment.is_external(method)))
        ]
        return list(dict.fromkeys(files))

    def effort(self) -> list[str]:
        """Return the annotator's effort for every annotation of every cell, in config order.

        That of a method which shows or is given annotations of test scans is measured on them.
        """
        cells = [cell for cell in self.experiment.cells() if cell.annotation != "none"]
        tested = self.experiment.annotates_test
        patterns = [(paths.TEST_EFFORT if tested(cell.method) else paths.EFFORT, cell) for cell in cells]
        return list(dict.fromkeys(self.path(pattern, cell) for pattern, cell in patterns))

    def shown_volumes(self) -> list[str]:
        """Return the volumes that panels, viewer and reliability show: test cases of all methods but variants."""
        files: dict[str, None] = {}
        for cell in self.experiment.cells():
            for case in self._batches(cell, "test"):
                shown = Evaluation(*cell, case)
                files[self.evaluated_image(shown)] = None
                files[self.reference(shown)] = None
                if not self.experiment.is_variant(cell.method):
                    files[self.path(paths.PREDICTION, shown)] = None
                files |= dict.fromkeys(self.uncertainty(shown))
        return list(files)

    def pictures(self) -> list[str]:
        """Return the pictures of every dataset, organ and method; those of a study's variants would be too many."""
        cells = [cell for cell in self.experiment.cells() if not self.experiment.is_variant(cell.method)]
        firsts = {(cell.dataset, cell.organ, cell.method): cell for cell in cells}
        return [
            self.path(paths.PICTURE, cell, picture=picture)
            for cell in firsts.values()
            for picture in ["overlays"] + ["uncertainty"] * bool(self.uncertainty(Evaluation(*cell, "")))
        ]

    def overlay(self, cell: Any) -> dict[str, Any]:
        """Return what a picture is drawn from, by the options of the verb: the batch of the first test case."""
        return self._overlay(cell, self._batches(cell, "test")[0])

    def overlay_of_case(self, cell: Any) -> dict[str, Any]:
        """Return the same, the files of the first test case."""
        return self._overlay(cell, self.experiment.datasets[cell.dataset].cases("test")[0])

    def _overlay(self, cell: Any, case: str) -> dict[str, Any]:
        """Return the files of a picture of ``case``.

        Every method is drawn with its first seed, on the grid that it is evaluated on; an image that the method sees
        perturbed is brought there.
        """
        annotation = self.experiment.annotation(cell.method, cell.dataset, cell.organ)
        seed = self.experiment.seeds[0]
        drawn = Evaluation(cell.dataset, cell.organ, annotation, cell.method, seed, case)
        unperturbed = self.experiment.image(cell.method, "test") == "image"
        return {
            "image": self.evaluated_image(drawn) if unperturbed else self.test_image(drawn),
            "reference": self.reference(drawn),
            "prediction": self.path(paths.PREDICTION, drawn),
            "uncertainty": self.uncertainty(drawn) if cell.picture == "uncertainty" else [],
        }
