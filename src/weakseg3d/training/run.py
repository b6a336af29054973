"""A training run: from a recipe and a list of cases to ``model.pt`` and ``run.json``."""

import json
import math
import os
import platform
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.plugins.environments import ClusterEnvironment

from weakseg3d import __version__
from weakseg3d.accelerator import device_name, report_missing_gpu
from weakseg3d.commit import commit
from weakseg3d.errors import UserError
from weakseg3d.experiment.idle_keys import check_passes
from weakseg3d.experiment.method_schema import chosen_modules
from weakseg3d.experiment.recipes import check_patch
from weakseg3d.files import file_digest, whole_file
from weakseg3d.inference.model import all_finite, load_model, write_model
from weakseg3d.jobs.code_hash import code_hash
from weakseg3d.losses import takes_sparse_targets
from weakseg3d.ownership import check_claim, check_own_folder, claim, remove_own_folder
from weakseg3d.training.checkpoints import OWNER, checkpoint_to_resume, fingerprint
from weakseg3d.training.cross_distillation import CrossDistillationModule, refresh_steps
from weakseg3d.training.divergence import DivergedError
from weakseg3d.training.few_labels import lost_foreground, rare_patches, share_with_foreground
from weakseg3d.training.fitting import Training, TrainingResult, fit, quiet_lightning
from weakseg3d.training.length import in_steps, steps_per_epoch
from weakseg3d.training.loading import load_cases, read_cases
from weakseg3d.training.module import SegmentationModule
from weakseg3d.training.processes import parallel_processes

WRITTEN = ("losses.csv", "run.json", "model.pt")
"""The files of a training, the last one written last."""


def train(
    recipe: Mapping[str, Any],
    cases_csv: str | os.PathLike[str],
    out: str | os.PathLike[str],
    resume: bool = False,
    validation_csv: str | os.PathLike[str] | None = None,
) -> None:
    """Train the recipe's network and write ``losses.csv``, ``run.json`` and, last, ``model.pt`` into ``out``.

    ``recipe`` is a checked recipe. ``cases_csv`` lists images and targets, as does ``validation_csv``, which is needed
    unless the recipe's ``selection`` is ``last``. With ``resume``, the training continues from a checkpoint in ``out``
    if there is one. SIGTERM during the training saves a checkpoint and raises SystemExit with the code
    `weakseg3d.training.fitting.STOPPED`. Raises UserError as `load_cases` does, if the training diverges, and if there
    are fewer GPUs than the recipe's ``devices``.
    """
    build = partial(segmentation_training, recipe, cases_csv, validation_csv)
    run(build, recipe["training"]["devices"], Path(out), resume)


def distill(
    recipe: Mapping[str, Any],
    cases_csv: str | os.PathLike[str],
    models: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    resume: bool = False,
    validation_csv: str | os.PathLike[str] | None = None,
) -> None:
    """Train the two ``models`` (``model.pt`` files) further, as in PA-Seg's second stage.

    Writes the same files as `train`; the model is the network of the first of the two. The targets in ``cases_csv``
    determine only the centres of patches.
    """
    build = partial(distillation_training, recipe, cases_csv, validation_csv, models)
    run(build, recipe["training"]["devices"], Path(out), resume)


def segmentation_training(
    recipe: Mapping[str, Any], cases_csv: str | os.PathLike[str], validation_csv: str | os.PathLike[str] | None
) -> Training:
    """Return the `Training` of the recipe's network."""
    prepare(recipe)
    cases, validation = load_data(recipe, cases_csv, validation_csv)
    length = steps_per_epoch(recipe["training"], len(cases))
    resolved = {**recipe, "training": in_steps(recipe["training"], len(cases))}
    epochs = recipe["training"].get("epochs")
    patches = share_with_foreground(cases, resolved["training"], recipe["target"]["threshold"])
    module = SegmentationModule(resolved)
    return Training(resolved, module, cases, validation, length, epochs, patches_with_foreground=patches)


def distillation_training(
    recipe: Mapping[str, Any],
    cases_csv: str | os.PathLike[str],
    validation_csv: str | os.PathLike[str] | None,
    models: Sequence[str | os.PathLike[str]],
) -> Training:
    """Return the `Training` of two ``models`` on each other."""
    prepare(recipe)
    networks, first_stages = zip(*(load_model(path) for path in models), strict=True)
    for path, stage in zip(models, first_stages, strict=True):
        check_first_stage(recipe, stage, path)
    check_passes(recipe["prediction"], first_stages[0]["network"], models[0])
    recipe = {**recipe, "network": first_stages[0]["network"]}
    cases, validation = load_data(recipe, cases_csv, validation_csv)
    length, epochs = steps_per_epoch(recipe["training"], len(cases)), recipe["training"].get("epochs")
    recipe = {**recipe, "training": in_steps(recipe["training"], len(cases))}
    module = CrossDistillationModule(recipe, networks)
    networks_code = {module for stage in first_stages for module in chosen_modules(stage, ("network",))}
    return Training(
        recipe,
        module,
        cases,
        validation,
        steps_per_epoch=length,
        epochs=epochs,
        refresh=tuple(refresh_steps(recipe)),
        origins=tuple(file_digest(path) for path in models),
        origins_code=tuple(code_hash("predict", (name,)) for name in sorted(networks_code)),
    )


def run(build: Callable[[], Training], devices: int, out: Path, resume: bool) -> None:
    """Run the training that ``build()`` returns on this number of ``devices``, and write the files of `train`."""
    checkpoints = out / "checkpoints"
    check_own_folder(checkpoints, mark=OWNER)
    check_claim(out, WRITTEN)
    check_devices(devices)
    report_missing_gpu()
    training = build()
    claim(out, WRITTEN)
    _warn(out, rare_patches(training.patches_with_foreground))
    origins = (*training.origins, *training.origins_code)
    run_hash = fingerprint(training.recipe, [*training.cases, *training.validation], origins)
    checkpoint, first_step = checkpoint_to_resume(checkpoints, run_hash, resume)
    with parallel_processes(devices, take_part, build, checkpoints, checkpoint, first_step) as environment:
        result = fit(training, environment, checkpoints, checkpoint, first_step)
    write_results(training, result, first_step, out)
    remove_own_folder(checkpoints, mark=OWNER)
    _warn(out, lost_foreground(result.foreground_found))


def _warn(out: Path, warnings: Sequence[str]) -> None:
    for warning in warnings:
        print(f"weakseg3d train: warning: {out}: {warning}", file=sys.stderr)


def take_part(
    environment: ClusterEnvironment,
    build: Callable[[], Training],
    checkpoints: Path,
    checkpoint: Path | None,
    first_step: int,
) -> None:
    """Take part in the training that ``build()`` returns as one of its further processes (`parallel_processes`)."""
    try:
        fit(build(), environment, checkpoints, checkpoint, first_step)
    except DivergedError:
        # The first process reports it; this one must not seem to have died.
        raise SystemExit from None


def check_devices(number: int) -> None:
    """Raise UserError if torch sees GPUs, but fewer than ``number``."""
    visible = torch.cuda.device_count()
    if 0 < visible < number:
        gpus = "1 GPU is" if visible == 1 else f"{visible} GPUs are"
        raise UserError(
            f"training.devices is {number}, but only {gpus} visible; request more GPUs, or lower training.devices"
        )


def prepare(recipe: Mapping[str, Any]) -> None:
    """Set up torch for the training of ``recipe``: threads, denormal numbers, seed."""
    quiet_lightning()
    torch.set_num_threads(recipe["threads"])
    # Vanishing gradients become denormal numbers, with which a CPU is many times slower.
    torch.set_flush_denormal(True)
    pl.seed_everything(recipe["seed"], verbose=False)


def load_data(
    recipe: Mapping[str, Any], cases_csv: str | os.PathLike[str], validation_csv: str | os.PathLike[str] | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the training cases and the validation cases, which are empty for ``selection: last``.

    Raises UserError if ``selection`` needs validation cases but no list of them is given, and as `load_cases` does for
    cases of another spacing than the recipe's and for targets that do not suit its loss.
    """
    settings = recipe["intensity"], recipe["target"]["threshold"], recipe["normalisation"]
    spacing = recipe["spacing"]
    targets = "sparse" if takes_sparse_targets(recipe["loss"]) else "full"
    training = load_cases(read_cases(cases_csv), *settings, spacing=spacing, targets=targets)
    if recipe["selection"] == "last":
        return training, []
    if validation_csv is None:
        raise UserError(f"selection '{recipe['selection']}' needs validation cases; give their list with --validation")
    scored = "mask" if recipe["selection"] == "dense_validation" else targets
    return training, load_cases(read_cases(validation_csv), *settings, spacing=spacing, targets=scored)


def check_first_stage(recipe: Mapping[str, Any], stage: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Check that the model in ``path``, with the recipe ``stage``, was trained on images prepared as in ``recipe``.

    Raises UserError if it was not, or if the patch size of ``recipe`` does not fit its network.
    """
    for key in ("spacing", "intensity", "normalisation"):
        if recipe[key] != stage[key]:
            raise UserError(f"{path}: the model was trained with {key} {stage[key]}, not {recipe[key]}; train it again")
    check_patch(recipe["training"]["patch_size"], stage["network"], path)


def write_results(training: Training, result: TrainingResult, first_step: int, out: Path) -> None:
    """Write ``losses.csv``, ``run.json`` and, last, ``model.pt`` of a training that began after ``first_step``.

    Raises DivergedError if the state to be kept is not finite.
    """
    recipe, module, selection = training.recipe, training.module, result.selection
    weights = selection.best_weights(module)[0]
    last_step = result.trainer.global_step
    if not all_finite(weights):
        raise DivergedError(out, f"the weights after step {last_step} are not finite")
    write_losses(result.losses, out / "losses.csv")
    facts = {
        "recipe": recipe,
        "seed": recipe["seed"],
        "cases": [case["case"] for case in training.cases],
        "epochs": training.epochs,
        "steps_per_epoch": training.steps_per_epoch,
        "model_selection": recipe["selection"],
        "validation_cases": [case["case"] for case in training.validation],
        "validations": [{**entry, "scores": finite_or_none(entry["scores"])} for entry in selection.history],
        "kept_steps": [best["step"] for best in selection.best] or [last_step] * len(module.candidates),
        "diverged_after_step": diverged_after(result, module),
        "teachers_refreshed_after": list(training.refresh),
        "patches_with_foreground": training.patches_with_foreground,
        "foreground_found": [share if share is None else round(share, 4) for share in result.foreground_found],
        "starts_from_sha256": list(training.origins),
    }
    write_run(facts, result, first_step, out / "run.json")
    write_model(weights, recipe, out / "model.pt")


def diverged_after(result: TrainingResult, module: pl.LightningModule) -> int | None:
    """Return the first step after which weights or selection scores were not finite, None if they always were.

    The state that is kept is then from before or between such steps, as none that is not finite is ever kept.
    """
    steps = [entry["step"] for entry in result.selection.history if None in finite_or_none(entry["scores"])]
    if not all(all_finite(network.state_dict()) for network in module.candidates):
        steps.append(result.trainer.global_step)
    return min(steps, default=None)


def finite_or_none(scores: Sequence[float]) -> list[float | None]:
    """Return ``scores`` with None in place of those that JSON cannot express: NaN and infinity."""
    return [score if math.isfinite(score) else None for score in scores]


def write_losses(losses: Sequence[float], path: Path) -> None:
    """Write the losses of the steps 1, 2, ... as CSV."""
    lines = [f"{step},{loss:.6g}\n" for step, loss in enumerate(losses, start=1)]
    with whole_file(path) as partial_file:
        partial_file.write_text("step,loss\n" + "".join(lines), encoding="utf-8")


def write_run(facts: Mapping[str, Any], result: TrainingResult, first_step: int, path: Path) -> None:
    """Write the information needed to judge or repeat the run: ``facts``, then versions, commit, time and memory.

    Time and memory are measured in this process alone, which began after step ``first_step``; with several devices,
    it is the process of the first device.
    """
    on_gpu = torch.cuda.is_available()
    memory = torch.cuda.max_memory_allocated() if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    trainer = result.trainer
    content = {
        **facts,
        "parameters": sum(p.numel() for p in trainer.lightning_module.candidates[0].parameters()),
        "versions": {"weakseg3d": __version__, "python": platform.python_version(), "torch": torch.__version__},
        "git_commit": commit(),
        "device": device_name(),
        "devices": trainer.world_size,
        "precision": str(trainer.precision),
        "resumed_from_step": first_step or None,
        "wall_time_s": round(result.seconds, 2),
        "steps_per_s": round((trainer.global_step - first_step) / result.seconds, 3),
        "peak_memory_mb": round(memory / 2**20),
    }
    with whole_file(path) as partial_file:
        partial_file.write_text(json.dumps(content, indent=1), encoding="utf-8")
