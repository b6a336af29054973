"""A training run: from a recipe and a list of cases to ``model.pt`` and ``run.json``."""

import json
import logging
import platform
import resource
import shutil
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.plugins.environments import LightningEnvironment
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch.utils.data import DataLoader

from weakseg3d import __version__
from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT, file_digest, whole_file
from weakseg3d.model import load_model, write_model
from weakseg3d.progress import Progress
from weakseg3d.recipes import check_patch
from weakseg3d.training.cases import load_cases, read_cases
from weakseg3d.training.checkpoints import LatestCheckpoint, WholeCheckpoints, fingerprint, resumable
from weakseg3d.training.distillation import CrossDistillationModule, TeacherRefresh, refresh_steps
from weakseg3d.training.module import SegmentationModule
from weakseg3d.training.patches import PatchDataset
from weakseg3d.training.selection import Selection, selection_score, validation_steps

WORKERS = 2
"""Processes that make batches beside a GPU."""
STOPPED = 128 + signal.SIGTERM
"""Exit code of a training that SIGTERM ended, as shells count."""


def train(recipe, cases_csv, out, resume=False, validation_csv=None):
    """Train the recipe's network and write ``losses.csv``, ``run.json`` and, last, ``model.pt`` into ``out``.

    ``recipe`` is a checked recipe, ``cases_csv`` lists images and targets, and so does ``validation_csv``, which the
    recipe's ``selection`` needs unless it is ``last``. With ``resume`` a checkpoint in ``out`` is continued where there
    is one. SIGTERM during the training saves a checkpoint and raises SystemExit with the code `STOPPED`. Raises
    UserError as `load_cases` does.
    """
    prepare(recipe)
    data = load_data(recipe, cases_csv, validation_csv)
    module = SegmentationModule(recipe)
    fit_and_write(module, recipe, data, Path(out), resume)


def distill(recipe, cases_csv, models, out, resume=False, validation_csv=None):
    """Go on from the two ``models`` (``model.pt`` files) as PA-Seg's second stage does, and write what `train` writes.

    The model is the first one's network. Of the targets in ``cases_csv`` only the centres of patches are taken.
    """
    prepare(recipe)
    networks, first_stages = zip(*(load_model(path) for path in models), strict=True)
    for path, stage in zip(models, first_stages, strict=True):
        check_first_stage(recipe, stage, path)
    recipe = recipe | {"network": first_stages[0]["network"]}
    data = load_data(recipe, cases_csv, validation_csv)
    module = CrossDistillationModule(recipe, networks)
    refresh = refresh_steps(recipe)
    fit_and_write(module, recipe, data, Path(out), resume, refresh, [file_digest(path) for path in models])


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


def fit_and_write(module, recipe, data, out, resume, refresh=(), origins=()):
    """Train ``module`` on ``data``, a pair of training and validation cases, and write what `train` says.

    ``refresh`` are the steps after which its teachers are refreshed, ``origins`` the digests of the models it starts
    from.
    """
    cases, validation = data
    out.mkdir(parents=True, exist_ok=True)
    owner = fingerprint(recipe, [*cases, *validation], origins)
    checkpoint, first_step = resumable(out / "checkpoints", owner, resume)
    patches = PatchDataset(cases, recipe["training"], recipe["seed"], first_step, recipe["target"])

    record = StepRecord()
    scored_steps = sorted({*validation_steps(recipe["training"]), *refresh})
    selection = Selection(selection_score(recipe, validation, module.objective), scored_steps)
    refreshing = [TeacherRefresh(selection, refresh)] if refresh else []
    trainer = pl.Trainer(
        max_steps=recipe["training"]["steps"],
        accelerator="auto",
        devices=1,
        precision=precision(recipe["training"]["mixed_precision"]),
        deterministic=not torch.cuda.is_available(),
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        # A checkpoint, written last of all, must know the best state and the teachers of its step.
        callbacks=[
            record,
            selection,
            *refreshing,
            LatestCheckpoint(out / "checkpoints", recipe["training"]["checkpoint_every"]),
        ],
        # Lightning would take a job of a scheduler for one it has to requeue itself.
        plugins=[WholeCheckpoints(), LightningEnvironment()],
    )
    started = time.monotonic()
    fit(trainer, module, loader(patches), checkpoint)
    seconds = time.monotonic() - started

    weights = selection.best_weights(module)[0]
    if not all(torch.isfinite(tensor).all() for tensor in weights.values()):
        raise UserError(f"{out}: training diverged, the weights are not finite; lower the learning rate of the method")
    write_losses(record.losses, out / "losses.csv")
    facts = {
        "recipe": recipe,
        "seed": recipe["seed"],
        "cases": [case["case"] for case in cases],
        "model_selection": recipe["selection"],
        "validation_cases": [case["case"] for case in validation],
        "validations": selection.history,
        "kept_steps": [best["step"] for best in selection.best] or [trainer.global_step] * len(module.candidates),
        "teachers_refreshed_after": list(refresh),
        "starts_from_sha256": list(origins),
    }
    write_run(facts, seconds, first_step, trainer, out / "run.json")
    write_model(weights, recipe, out / "model.pt")
    shutil.rmtree(out / "checkpoints", ignore_errors=True)


def fit(trainer, module, batches, checkpoint):
    """Train until the last step; a signal ends it in a sentence and an exit code, not in a traceback or in silence."""
    try:
        trainer.fit(module, batches, ckpt_path=checkpoint, weights_only=True)
    except SIGTERMException:
        step = trainer.global_step
        print(f"weakseg3d train: stopped by SIGTERM after step {step}; --resume goes on from there", file=sys.stderr)
        raise SystemExit(STOPPED) from None
    except SystemExit:
        # What Lightning makes of Ctrl-C.
        raise KeyboardInterrupt from None


def loader(patches):
    """Return the batches of a `PatchDataset`; beside a GPU they are made ahead, so that it does not wait for them."""
    on_gpu = torch.cuda.is_available()
    return DataLoader(patches, batch_size=None, num_workers=WORKERS if on_gpu else 0, pin_memory=on_gpu)


class StepRecord(Callback):
    """Keeps each step's loss, also those before a resumption, and shows progress."""

    def __init__(self):
        self.losses = []

    def on_train_start(self, trainer, module):
        """Start the clock of the remaining time."""
        self.progress = Progress(trainer.max_steps - trainer.global_step, "training", "step")

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_index):
        """Keep the loss of a step."""
        loss = float(outputs["loss"])
        self.losses.append(loss)
        self.progress.advance(f"loss {loss:.4f}")

    def state_dict(self):
        """Return what a checkpoint keeps."""
        return {"losses": torch.tensor(self.losses, dtype=torch.float64)}

    def load_state_dict(self, state_dict):
        """Take up what a checkpoint kept."""
        self.losses = state_dict["losses"].tolist()


def precision(mixed):
    """Return Lightning's precision: bfloat16 or float16 where ``mixed`` is wanted and a GPU has it, else float32."""
    if not mixed or not torch.cuda.is_available():
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"


def quiet_lightning():
    """Silence Lightning's hints about loggers, workers and hardware, which are no news to a benchmark."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning\..*|monai\..*")


def write_losses(losses, path):
    """Write the losses of the steps 1, 2, ... as CSV."""
    lines = [f"{step},{loss:.6g}\n" for step, loss in enumerate(losses, start=1)]
    with whole_file(path) as partial:
        partial.write_text("step,loss\n" + "".join(lines), encoding="utf-8")


def write_run(facts, seconds, first_step, trainer, path):
    """Write what a reader needs to judge or repeat the run: ``facts`` first, then versions, commit, time, memory.

    The time ``seconds`` and the memory are those of this process alone, which began after step ``first_step``.
    """
    on_gpu = torch.cuda.is_available()
    memory = torch.cuda.max_memory_allocated() if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    run = facts | {
        "parameters": sum(p.numel() for p in trainer.lightning_module.candidates[0].parameters()),
        "versions": {"weakseg3d": __version__, "python": platform.python_version(), "torch": torch.__version__},
        "git_commit": git_commit(),
        "device": torch.cuda.get_device_name() if on_gpu else platform.machine(),
        "precision": str(trainer.precision),
        "resumed_from_step": first_step or None,
        "wall_time_s": round(seconds, 2),
        "steps_per_s": round((trainer.global_step - first_step) / seconds, 3),
        "peak_memory_mb": round(memory / 2**20),
    }
    with whole_file(path) as partial:
        partial.write_text(json.dumps(run, indent=1), encoding="utf-8")


def git_commit():
    """Return the repository's commit, or None outside a repository."""
    command = ["git", "-C", str(PROJECT), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
