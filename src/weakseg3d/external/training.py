"""A training by a program of somebody else's: from images and targets to a folder in its own format."""

import hashlib
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weakseg3d import __version__
from weakseg3d.commit import commit
from weakseg3d.datasets.case_lists import listed_files
from weakseg3d.errors import UserError
from weakseg3d.experiment.external_commands import command_words, located_program
from weakseg3d.external.inputs import write_cases, write_json
from weakseg3d.external.process import Usage, run_command
from weakseg3d.files import file_digest, temporary_folder, whole_file
from weakseg3d.ownership import claim, remove_claimed

WRITTEN = ("model", "model.started", "run.json", "model.json")
"""What a training writes: its folder, what it was started with, its record and, last, the digests of its files."""


def train(
    facts: Mapping[str, Any],
    cases_csv: str | Path,
    command: str,
    out: str | Path,
    environment: Mapping[str, str],
    program: str | None = None,
    resume: bool = False,
) -> None:
    """Run the training ``command`` and write ``model/``, ``run.json`` and, last, ``model.json`` into ``out``.

    ``facts`` are those of `weakseg3d.experiment.external_facts`; ``cases_csv`` lists cases, images and targets. With
    ``resume`` the command gets what an interrupted run of the same command left of the same inputs, otherwise an empty
    folder. Raises UserError if the command fails (`run_command`) or writes nothing.
    """
    out, cases = Path(out), listed_files(cases_csv, ("image", "target"))
    claim(out, WRITTEN)
    model, started = out / "model", out / "model.started"
    key = _fingerprint(facts, cases, command)
    if not (resume and started.is_file() and started.read_text(encoding="utf-8") == key):
        remove_claimed(model)
        with whole_file(started) as partial:
            partial.write_text(key, encoding="utf-8")
    model.mkdir(parents=True, exist_ok=True)
    with temporary_folder(out / "given") as given:
        write_cases(cases, given / "cases")
        facts = {**facts, "cases": list(cases)}
        write_json(facts, given / "recipe.json")
        values = {name: str((given / name).absolute()) for name in ("cases", "recipe")}
        values |= {"recipe": values["recipe"] + ".json", "out": str(model.absolute())}
        values |= {"program": str(located_program(program))} if program else {}
        usage = run_command(command_words(command, values), environment, _what(facts, "training"))
    files = digests(model)
    if not files:
        raise UserError(f"{_what(facts, 'training')}: wrote nothing into {model}, its {{out}}; correct the command")
    write_run(facts, usage, out / "run.json")
    with whole_file(out / "model.json") as partial:
        write_json(files, partial)
    started.unlink()


def write_run(facts: Mapping[str, Any], usage: Usage, path: Path) -> None:
    """Write the record of a training, or of what made the labels for one; time and memory are measured from outside."""
    content = {
        "external": True,
        "recipe": facts,
        "seed": facts["seed"],
        "cases": facts["cases"],
        "versions": {"weakseg3d": __version__, "python": platform.python_version()},
        "git_commit": commit(),
        "device": usage.device,
        "wall_time_s": usage.seconds,
        "peak_memory_mb": usage.peak_memory_mb,
    }
    with whole_file(path) as partial:
        write_json(content, partial)


def digests(folder: Path) -> dict[str, str]:
    """Return ``{path: sha256}`` of all files below ``folder``."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def _fingerprint(facts: Mapping[str, Any], cases: Mapping[str, Mapping[str, Path]], command: str) -> str:
    """Return a digest of all that a training starts from."""
    inputs = {case: [file_digest(path) for path in files.values()] for case, files in cases.items()}
    return hashlib.sha256(json.dumps([dict(facts), inputs, command]).encode()).hexdigest()


def _what(facts: Mapping[str, Any], step: str) -> str:
    return f"method '{facts['method']}', {step}"
