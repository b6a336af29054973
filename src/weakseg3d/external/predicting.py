"""A prediction by a program of somebody else's: a folder of images in, with or without annotations, and masks out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weakseg3d.datasets.case_lists import listed_files
from weakseg3d.errors import UserError, printable, quoted
from weakseg3d.experiment.external_commands import ANNOTATIONS, command_words, located_program, placeholders
from weakseg3d.experiment.paths import PROBABILITY
from weakseg3d.external.inputs import write_files, write_json
from weakseg3d.external.process import run_command
from weakseg3d.external.training import digests, write_run
from weakseg3d.files import existing_file, existing_folder, temporary_folder, whole_file
from weakseg3d.ownership import MARK, whole_folder


def predict(
    what: str,
    images_csv: str | Path,
    command: str,
    out: str | Path,
    environment: Mapping[str, str],
    *,
    model: str | Path | None = None,
    facts: Mapping[str, Any] | None = None,
    program: str | None = None,
    record: str | Path | None = None,
) -> None:
    """Run the prediction ``command`` on all images that ``images_csv`` lists; list the digests of its masks in ``out``.

    ``what`` is how messages begin. What the command took is written to ``record``, for which there must be ``facts``.
    The command gets what it names: ``model`` is the ``model.json`` of `weakseg3d.external.training.train`, ``facts``
    are those of `weakseg3d.experiment.external_facts`, and the annotations are a column of ``images_csv``. The masks
    lie in a folder beside ``out``, which is called like it without ``.json``. That they are masks is checked case by
    case (`weakseg3d.external.masks`). Raises UserError if the command names what it is not given, fails
    (`run_command`), or writes anything but masks and probabilities of the images.
    """
    named = placeholders(command)
    columns = ("image", *["annotation"] * (ANNOTATIONS in named))
    cases = listed_files(images_csv, columns)
    for name, value in (("model", model), ("recipe", facts)):
        if name in named and value is None:
            raise UserError(f"{what}: the command names {{{name}}}, which is not given; name it, too")
    masks = Path(out).with_suffix("")
    with temporary_folder(masks.with_name("given")) as given, whole_folder(masks) as written:
        for column in columns:
            write_files({case: files[column] for case, files in cases.items()}, given / f"{column}s")
        places = {"images": given / "images", "annotations": given / "annotations", "out": written}
        if model is not None:
            places["model"] = existing_folder(existing_file(model).with_suffix(""))
        if facts is not None:
            facts = {**facts, "cases": list(cases)}
            places["recipe"] = given / "recipe.json"
            write_json(facts, places["recipe"])
        values = {name: str(path.absolute()) for name, path in places.items()}
        values |= {"program": str(located_program(program))} if program else {}
        usage = run_command(command_words(command, values), environment, what)
        _check_names(written, list(cases), what)
    if record is not None and facts is not None:
        write_run(facts, usage, Path(record))
    with whole_file(out) as partial:
        write_json({name: digest for name, digest in digests(masks).items() if name != MARK}, partial)


def _check_names(folder: Path, cases: list[str], what: str) -> None:
    """Raise UserError for anything in ``folder`` but files named after the cases, and for none of them."""
    expected = {f"{case}{suffix}.nii.gz" for case in cases for suffix in ("", PROBABILITY)}
    for path in sorted(folder.iterdir()):
        if path.name not in expected or path.is_symlink() or not path.is_file():
            raise UserError(
                f"{what}: wrote {quoted(printable(path.name))} into its {{out}}, which may hold nothing but a file"
                f" {cases[0]}.nii.gz for each image and, if it has any, {cases[0]}{PROBABILITY}.nii.gz"
            )
    if not any(folder.iterdir()):
        raise UserError(f"{what}: wrote nothing into its {{out}}; it needs {cases[0]}.nii.gz for each image")
