"""The contract, tried on phantom cases: what `method check` does."""

import csv
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError
from weakseg3d.experiment.choices import choice_words
from weakseg3d.experiment.external_commands import ENVIRONMENT_FILES
from weakseg3d.experiment.external_facts import facts_of, gets_annotations, label_facts, label_programs, target_of
from weakseg3d.experiment.label_kinds import EXTERNAL
from weakseg3d.experiment.paths import PROBABILITY
from weakseg3d.external.environment import command_environment
from weakseg3d.external.masks import foreign_mask, foreign_probability
from weakseg3d.external.phantoms import ABSENT, CASES, ORGAN, SCANS, Phantom, annotated, phantom, run_verb
from weakseg3d.external.predicting import predict
from weakseg3d.external.training import train
from weakseg3d.files import file_digest
from weakseg3d.images.volumes import write_volume


def check(name: str, method: Mapping[str, Any]) -> str:
    """Run the commands of a checked ``method`` on two phantom cases and say in one sentence what they did.

    The images differ in size, and the second grid is oblique. A program that gets annotations of what it segments also
    gets a third case, without the organ and so without a click. Raises UserError, which says what is wrong.
    """
    said, shares = [], label_programs(method)
    names = (*CASES, *[ABSENT] * (bool(shares) or gets_annotations(method)))
    with tempfile.TemporaryDirectory(prefix="weakseg3d-check-") as temporary:
        folder = Path(temporary)
        phantoms = {case: phantom(number, case, folder) for number, case in enumerate(names, start=1)}
        before: dict[Path, str] = {}
        labels: dict[str, Path] = {}
        for number, share in enumerate(shares, start=1):
            given = annotated(share, phantoms, folder / f"labels-{number}")
            before |= _digests(given)
            labels, sentence = _made_labels(share, given, folder / f"labels-{number}")
            said.append(sentence)
        if "external" in method:
            given = phantoms if "none" in method["annotation"] else annotated(method, phantoms, folder / "method")
            before |= _digests(given)
            said.append(_ran(name, method, given, labels, folder / "method"))
        changed = [path for path, digest in before.items() if file_digest(path) != digest]
        if changed:
            raise UserError(f"{changed[0]}: was changed by the method, which may write into its {{out}} alone")
    return f"keeps the contract; {'; '.join(said)}"


def _digests(cases: Mapping[str, Phantom]) -> dict[Path, str]:
    return {path: file_digest(path) for files in cases.values() for path in files if path is not None}


def _made_labels(
    share: Mapping[str, Any], phantoms: Mapping[str, Phantom], folder: Path
) -> tuple[dict[str, Path], str]:
    """Return the pseudo labels that a program makes of annotated cases, and a sentence on them."""
    program = share["pseudo_label"][EXTERNAL]
    rows = [[case, files.image, files.annotation] for case, files in phantoms.items()]
    _write_list(folder / "cases.csv", ["case", "image", "annotation"], rows)
    given = {"facts": label_facts(program, share["annotation"], **SCANS), "program": program.get("program")}
    start = time.monotonic()
    what, out = f"pseudo label '{program['name']}'", folder / "labels.json"
    predict(what, folder / "cases.csv", program["predict"], out, _variables(program), **given)
    seconds = time.monotonic() - start
    labels, voxels = {}, []
    for case, files in phantoms.items():
        soft = program["probabilities"]
        path = folder / "labels" / f"{case}{PROBABILITY if soft else ''}.nii.gz"
        label = foreign_probability(path, [str(files.image)]) if soft else foreign_mask(path, [str(files.image)])
        labels[case] = folder / f"{case}.nii.gz"
        write_volume(label, labels[case])
        voxels.append(_voxels(label))
    return labels, f"made pseudo labels of phantom cases in {seconds:.0f} s, with {_found(voxels)}"


def _ran(
    name: str, method: Mapping[str, Any], phantoms: Mapping[str, Phantom], labels: Mapping[str, Path], folder: Path
) -> str:
    """Run the commands of a method, which may learn from a program's ``labels``; return a sentence on it."""
    external, trained, prompted = method["external"], "train" in method["external"], gets_annotations(method)
    variables = _variables(external)
    cases = {case: phantoms[case] for case in (*CASES, *[ABSENT] * prompted)}
    folder.mkdir(exist_ok=True)
    rows = [[case, files.image, *[files.annotation] * prompted] for case, files in cases.items()]
    _write_list(folder / "test.csv", ["case", "image", *["annotation"] * prompted], rows)
    facts, program = facts_of(method, method=name, **SCANS), external.get("program")
    given: dict[str, Any] = {"facts": facts, "program": program}
    times = [time.monotonic()]
    if trained:
        targets = [[case, files.image, _target(case, method, files, labels, folder)] for case, files in cases.items()]
        _write_list(folder / "cases.csv", ["case", "image", "target"], targets)
        train(facts, folder / "cases.csv", external["train"], folder / "seed-0", variables, program)
        given["model"] = folder / "seed-0" / "model.json"
    times.append(time.monotonic())
    masks = folder / "masks.json"
    predict(f"method '{name}', prediction", folder / "test.csv", external["predict"], masks, variables, **given)
    times.append(time.monotonic())
    voxels = [_organ_voxels(masks.with_suffix(""), case, files.image, external) for case, files in cases.items()]
    training, prediction = times[1] - times[0], times[2] - times[1]
    did = f"trained on two phantom cases in {training:.0f} s, predicted them" if trained else "segmented phantom cases"
    return f"{did} in {prediction:.0f} s, and found {_found(voxels)}"


def _variables(external: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment variables of a program's commands."""
    environment = external.get("environment", "")
    if environment.endswith(ENVIRONMENT_FILES):
        print(
            f"weakseg3d method: {environment} is built by Snakemake alone (--use-conda), so this runs in the active"
            " environment",
            file=sys.stderr,
        )
        environment = ""
    return command_environment(environment or None, False, external["gpus"])


def _target(
    case: str, method: Mapping[str, Any], files: Phantom, labels: Mapping[str, Path], folder: Path
) -> Path | None:
    """Return what a program is to learn from a case."""
    if method["supervision"] == "dense":
        return files.mask
    if target_of(method) == "annotation":
        return files.annotation
    if case in labels:
        return labels[case]
    label = folder / f"{case}_pseudo.nii.gz"
    words = ["--annotation", str(files.annotation), "--image", str(files.image), "--out", str(label)]
    run_verb(["pseudolabel", *words, *choice_words(method["pseudo_label"])])
    return label


def _write_list(path: Path, columns: list[str], rows: Iterable[Sequence[Any]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([columns, *rows])


def _organ_voxels(folder: Path, case: str, image: Path, external: Mapping[str, Any]) -> int:
    """Return the number of voxels in a mask, once it and its probability are checked."""
    if external["probabilities"]:
        foreign_probability(folder / f"{case}{PROBABILITY}.nii.gz", [str(image)])
    return _voxels(foreign_mask(folder / f"{case}.nii.gz", [str(image)]))


def _voxels(volume: Any) -> int:
    """Return how many voxels of a mask, or of a soft label, are rather organ than not."""
    import SimpleITK as sitk

    return int((sitk.GetArrayViewFromImage(volume) > 0.5).sum())


def _found(voxels: Sequence[int]) -> str:
    """Return the numbers of voxels in words; a third one is of the case without the organ."""
    without = "".join(f", and {number} where nobody clicked as there is none" for number in voxels[len(CASES) :])
    return f"{' and '.join(map(str, voxels[: len(CASES)]))} voxels of the {ORGAN}{without}"
