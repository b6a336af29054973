"""A training run: from a recipe and a list of cases to ``model.pt`` and ``run.json``."""

import json
import platform
import resource
import shutil
import subprocess
from functools import partial
from pathlib import Path

import lightning.pytorch as pl
import torch

from weakseg3d import __version__
from weakseg3d.accelerator import device_name, notice_without_gpu
from weakseg3d.errors import UserError
from weakseg3d.experiment.recipes import check_patch
from weakseg3d.files import PROJECT, file_digest, whole_file
from weakseg3d.inference.model import load_model, write_model
from weakseg3d.training.checkpoints import fingerprint, resumable
from weakseg3d.training.cross_distillation import CrossDistillationModule, refresh_steps
from weakseg3d.training.fitting import Training, fit, quiet_lightning
from weakseg3d.training.loading import load_cases, read_cases
from weakseg3d.training.module import SegmentationModule
from weakseg3d.training.processes import followed


def train(recipe, cases_csv, out, resume=False, validation_csv=None):
    """Train the recipe's network and write ``losses.csv``, ``run.json`` and, last, ``model.pt`` into ``out``.

    ``recipe`` is a checked recipe, ``cases_csv`` lists images and targets, and so does ``validation_csv``, which the
    recipe's ``selection`` needs unless it is ``last``. With ``resume`` a checkpoint in ``out`` is continued where there
    is one. SIGTERM during the training saves a checkpoint and raises SystemExit with the code
    `weakseg3d.training.fitting.STOPPED`. Raises UserError as `load_cases` does, and when there are fewer GPUs than the
    recipe's ``devices``.
    """
    run(partial(segmentation, recipe, cases_csv, validation_csv), recipe["training"]["devices"], Path(out), resume)


def distill(recipe, cases_csv, models, out, resume=False, validation_csv=None):
    """Go on from the two ``models`` (``model.pt`` files) as PA-Seg's second stage does, and write what `train` writes.

    The model is the first one's network. Of the targets in ``cases_csv`` only the centres of patches are taken.
    """
    build = partial(distillation, recipe, cases_csv, validation_csv, models)
    run(build, recipe["training"]["devices"], Path(out), resume)


def segmentation(recipe, cases_csv, validation_csv):
    """Return the `Training` of the recipe's network."""
    prepare(recipe)
    cases, validation = load_data(recipe, cases_csv, validation_csv)
    return Training(recipe, SegmentationModule(recipe), cases, validation)


def distillation(recipe, cases_csv, validation_csv, models):
    """Return the `Training` of two ``models`` on each other."""
    prepare(recipe)
    networks, first_stages = zip(*(load_model(path) for path in models), strict=True)
    for path, stage in zip(models, first_stages, strict=True):
        check_first_stage(recipe, stage, path)
    recipe = recipe | {"network": first_stages[0]["network"]}
    cases, validation = load_data(recipe, cases_csv, validation_csv)
    module = CrossDistillationModule(recipe, networks)
    origins = tuple(file_digest(path) for path in models)
    return Training(recipe, module, cases, validation, tuple(refresh_steps(recipe)), origins)


def run(build, devices, out, resume):
    """Train what ``build()`` returns, a `Training`, on so many ``devices``, and write what `train` says."""
    check_devices(devices)
    notice_without_gpu()
    training = build()
    out.mkdir(parents=True, exist_ok=True)
    owner = fingerprint(training.recipe, [*training.cases, *training.validation], training.origins)
    checkpoints = out / "checkpoints"
    progress = resumable(checkpoints, owner, resume)
    with followed(devices, follow, build, checkpoints, *progress) as environment:
        fitted = fit(training, environment, checkpoints, *progress)
    write_results(training, fitted, progress[1], out)
    shutil.rmtree(checkpoints, ignore_errors=True)


def follow(environment, build, *arguments):
    """Take part in the training that ``build()`` returns, as another of its processes."""
    fit(build(), environment, *arguments)


def check_devices(number):
    """Raise a UserError when torch sees GPUs, but fewer than ``number``."""
    seen = torch.cuda.device_count()
    if 0 < seen < number:
        raise UserError(f"training.devices is {number}, and the GPUs to be seen are {seen}; ask for more, or lower it")


def prepare(recipe):
    """Set up torch for the training of ``recipe``: threads, denormal numbers, seed."""
    quiet_lightning()
    torch.set_num_threads(recipe["threads"])
    # Vanishing gradients become denormal numbers, on which a CPU is many times slower.
    torch.set_flush_denormal(True)
    pl.seed_everything(recipe["seed"], verbose=False)


def load_data(recipe, cases_csv, validation_csv):
    """Return the training cases and the validation cases, of which there are none for ``selection: last``.

    Raises UserError when ``selection`` needs a list of validation cases that is not given.
    """
    how = recipe["intensity"], recipe["target"]["threshold"], recipe["normalisation"]
    training = load_cases(read_cases(cases_csv), *how)
    if recipe["selection"] == "last":
        return training, []
    if validation_csv is None:
        raise UserError(f"selection '{recipe['selection']}' needs validation cases; name their list with --validation")
    return training, load_cases(read_cases(validation_csv), *how)


def check_first_stage(recipe, stage, path):
    """Raise a UserError naming ``path`` when its model, of recipe ``stage``, sees images otherwise than ``recipe``."""
    for key in ("spacing", "intensity", "normalisation"):
        if recipe[key] != stage[key]:
            raise UserError(f"{path}: the model was trained with {key} {stage[key]}, not {recipe[key]}; train it anew")
    check_patch(recipe["training"]["patch_size"], stage["network"], path)


def write_results(training, fitted, first_step, out):
    """Write ``losses.csv``, ``run.json`` and, last, ``model.pt`` of a training that began after ``first_step``.

    Raises UserError when it diverged.
    """
    recipe, module, selection = training.recipe, training.module, fitted.selection
    weights = selection.best_weights(module)[0]
    if not all(torch.isfinite(tensor).all() for tensor in weights.values()):
        raise UserError(f"{out}: training diverged, the weights are not finite; lower the learning rate of the method")
    write_losses(fitted.losses, out / "losses.csv")
    last_step = fitted.trainer.global_step
    facts = {
        "recipe": recipe,
        "seed": recipe["seed"],
        "cases": [case["case"] for case in training.cases],
        "model_selection": recipe["selection"],
        "validation_cases": [case["case"] for case in training.validation],
        "validations": selection.history,
        "kept_steps": [best["step"] for best in selection.best] or [last_step] * len(module.candidates),
        "teachers_refreshed_after": list(training.refresh),
        "starts_from_sha256": list(training.origins),
    }
    write_run(facts, fitted, first_step, out / "run.json")
    write_model(weights, recipe, out / "model.pt")


def write_losses(losses, path):
    """Write the losses of the steps 1, 2, ... as CSV."""
    lines = [f"{step},{loss:.6g}\n" for step, loss in enumerate(losses, start=1)]
    with whole_file(path) as partial_file:
        partial_file.write_text("step,loss\n" + "".join(lines), encoding="utf-8")


def write_run(facts, fitted, first_step, path):
    """Write what a reader needs to judge or repeat the run: ``facts`` first, then versions, commit, time, memory.

    The time and the memory are those of this process alone, which began after step ``first_step``: with several
    devices, of the first one.
    """
    on_gpu = torch.cuda.is_available()
    memory = torch.cuda.max_memory_allocated() if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    trainer = fitted.trainer
    content = facts | {
        "parameters": sum(p.numel() for p in trainer.lightning_module.candidates[0].parameters()),
        "versions": {"weakseg3d": __version__, "python": platform.python_version(), "torch": torch.__version__},
        "git_commit": git_commit(),
        "device": device_name(),
        "devices": trainer.world_size,
        "precision": str(trainer.precision),
        "resumed_from_step": first_step or None,
        "wall_time_s": round(fitted.seconds, 2),
        "steps_per_s": round((trainer.global_step - first_step) / fitted.seconds, 3),
        "peak_memory_mb": round(memory / 2**20),
    }
    with whole_file(path) as partial_file:
        partial_file.write_text(json.dumps(content, indent=1), encoding="utf-8")


def git_commit():
    """Return the repository's commit, or None outside a repository."""
    command = ["git", "-C", str(PROJECT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
