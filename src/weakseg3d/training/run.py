"""A training run: from a recipe and a list of cases to ``model.pt`` and ``run.json``."""

import hashlib
import json
import logging
import platform
import resource
import shutil
import subprocess
import time
import warnings
from pathlib import Path

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from torch.utils.data import DataLoader

from weakseg3d import __version__
from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT, whole_file
from weakseg3d.progress import Progress
from weakseg3d.training.cases import load_cases, read_cases
from weakseg3d.training.module import SegmentationModule
from weakseg3d.training.patches import PatchDataset


def train(recipe, cases_csv, out, resume=False):
    """Train the recipe's network and write ``losses.csv``, ``run.json`` and, last, ``model.pt`` into ``out``.

    ``recipe`` is a checked recipe, ``cases_csv`` lists images and targets. With ``resume`` a checkpoint in
    ``out`` is continued where there is one. The model after the last step is kept: nothing is selected by
    validation. Raises UserError as `load_cases` does.
    """
    out = Path(out)
    quiet_lightning()
    torch.set_num_threads(recipe["threads"])
    # Vanishing gradients become denormal numbers, on which a CPU is many times slower.
    torch.set_flush_denormal(True)
    pl.seed_everything(recipe["seed"], verbose=False)
    cases = load_cases(read_cases(cases_csv), recipe["intensity"])
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = resumable(out / "checkpoints", fingerprint(recipe, cases), resume)
    first_step = torch.load(checkpoint, weights_only=True)["global_step"] if checkpoint else 0
    patches = PatchDataset(cases, recipe["training"], recipe["seed"], first_step)

    module = SegmentationModule(recipe)
    record = StepRecord()
    trainer = pl.Trainer(
        max_steps=recipe["training"]["steps"],
        accelerator="auto",
        devices=1,
        precision=precision(recipe["training"]["mixed_precision"]),
        deterministic=not torch.cuda.is_available(),
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[record, checkpoints(out, recipe["training"]["checkpoint_every"])],
    )
    started = time.monotonic()
    trainer.fit(
        module,
        DataLoader(patches, batch_size=None),
        ckpt_path=checkpoint,
        weights_only=True,
    )
    seconds = time.monotonic() - started

    if not all(torch.isfinite(p).all() for p in module.network.parameters()):
        raise UserError(f"{out}: training diverged, the weights are not finite; lower the learning rate of the method")
    write_losses(record.losses, out / "losses.csv")
    write_run(recipe, cases, seconds, len(record.losses), trainer, out / "run.json")
    with whole_file(out / "model.pt") as partial:
        torch.save({"recipe": recipe, "weights": module.network.state_dict()}, partial)
    shutil.rmtree(out / "checkpoints", ignore_errors=True)


class StepRecord(Callback):
    """Keeps each step's loss and shows progress."""

    def __init__(self):
        self.losses = []

    def on_train_start(self, trainer, module):
        """Start the clock of the remaining time."""
        self.first = trainer.global_step
        self.progress = Progress(trainer.max_steps - self.first, "training", "step")

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_index):
        """Keep the loss of a step."""
        loss = float(outputs["loss"])
        self.losses.append((trainer.global_step, loss))
        self.progress.advance(f"loss {loss:.4f}")


def checkpoints(out, every):
    """Return the callback that keeps the latest state in ``out/checkpoints/last.ckpt``."""
    folder = out / "checkpoints"
    return ModelCheckpoint(folder, filename="last", every_n_train_steps=every, enable_version_counter=False)


def fingerprint(recipe, cases):
    """Return a hash of all that a training depends on: its recipe and its cases' voxels."""
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode())
    for case in cases:
        digest.update(case["case"].encode())
        digest.update(case["image"].tobytes())
        digest.update(case["target"].tobytes())
    return digest.hexdigest()


def resumable(folder, run_hash, resume):
    """Return the checkpoint to continue from, or None to start anew.

    Checkpoints of another recipe or other data, and all of them without ``resume``, are removed.
    """
    checkpoint, owner = folder / "last.ckpt", folder / "run.sha256"
    if resume and checkpoint.exists() and owner.exists() and owner.read_text(encoding="utf-8") == run_hash:
        return checkpoint
    shutil.rmtree(folder, ignore_errors=True)
    with whole_file(owner) as partial:
        partial.write_text(run_hash, encoding="utf-8")
    return None


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
    """Write (step, loss) pairs as CSV."""
    with whole_file(path) as partial:
        partial.write_text("step,loss\n" + "".join(f"{step},{loss:.6g}\n" for step, loss in losses), encoding="utf-8")


def write_run(recipe, cases, seconds, steps, trainer, path):
    """Write what a reader needs to judge or repeat the run: recipe, versions, commit, time, memory."""
    on_gpu = torch.cuda.is_available()
    memory = torch.cuda.max_memory_allocated() if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    run = {
        "recipe": recipe,
        "seed": recipe["seed"],
        "cases": [case["case"] for case in cases],
        "model_selection": "last step",
        "parameters": sum(p.numel() for p in trainer.lightning_module.network.parameters()),
        "versions": {"weakseg3d": __version__, "python": platform.python_version(), "torch": torch.__version__},
        "git_commit": git_commit(),
        "device": torch.cuda.get_device_name() if on_gpu else platform.machine(),
        "precision": str(trainer.precision),
        "wall_time_s": round(seconds, 2),
        "steps_per_s": round(steps / seconds, 3),
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
