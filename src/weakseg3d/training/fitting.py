"""The steps of a training: the same ones in each of its processes, from a checkpoint where there is one."""

import logging
import signal
import sys
import time
import warnings
from dataclasses import dataclass

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch.utils.data import DataLoader

from weakseg3d.accelerator import precision
from weakseg3d.progress import Progress
from weakseg3d.training.checkpoints import LatestCheckpoint, WholeCheckpoints
from weakseg3d.training.cross_distillation import TeacherRefresh
from weakseg3d.training.patches import PatchDataset
from weakseg3d.training.selection import Selection, selection_score, validation_steps

WORKERS = 2
"""Processes that make batches beside a GPU."""
STOPPED = 128 + signal.SIGTERM
"""Exit code of a training that SIGTERM ended, as shells count."""


@dataclass(frozen=True)
class Training:
    """What is trained: a module on cases, as a recipe says.

    ``refresh`` are the steps after which the module's teachers are refreshed, ``origins`` the digests of the models it
    starts from.
    """

    recipe: dict
    module: pl.LightningModule
    cases: list
    validation: list
    refresh: tuple = ()
    origins: tuple = ()


@dataclass(frozen=True)
class Fitted:
    """What came of a `Training`: the trainer at its last step, all losses, the best states, the seconds it took."""

    trainer: pl.Trainer
    losses: list
    selection: Selection
    seconds: float


def fit(training, environment, folder, checkpoint, first_step):
    """Train until the last step and return what is `Fitted`.

    ``environment`` says which process this is (`weakseg3d.training.processes`). Checkpoints go to ``folder``; with
    ``checkpoint`` the training goes on from there, after ``first_step``. SIGTERM ends it in a sentence and SystemExit
    with the code `STOPPED`.
    """
    recipe, module = training.recipe, training.module
    settings = recipe["training"]
    patches = PatchDataset(training.cases, settings, recipe["seed"], first_step, recipe["target"])
    record = StepRecord()
    scored_steps = sorted({*validation_steps(settings), *training.refresh})
    selection = Selection(selection_score(recipe, training.validation, module.objective), scored_steps)
    refreshing = [TeacherRefresh(selection, training.refresh)] if training.refresh else []
    trainer = pl.Trainer(
        max_steps=settings["steps"],
        accelerator="auto",
        devices=settings["devices"],
        strategy="ddp" if settings["devices"] > 1 else "auto",
        precision=precision(settings["mixed_precision"]),
        deterministic=deterministic(settings),
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        # A checkpoint, written last of all, must know the best state and the teachers of its step.
        callbacks=[
            record,
            selection,
            *refreshing,
            Termination(),
            LatestCheckpoint(folder, settings["checkpoint_every"]),
        ],
        plugins=[WholeCheckpoints(), environment],
    )
    started = time.monotonic()
    try:
        trainer.fit(module, loader(patches), ckpt_path=checkpoint, weights_only=True)
    except SIGTERMException:
        step = trainer.global_step
        print(f"weakseg3d train: stopped by SIGTERM after step {step}; --resume goes on from there", file=sys.stderr)
        raise SystemExit(STOPPED) from None
    except SystemExit:
        # What Lightning makes of Ctrl-C.
        raise KeyboardInterrupt from None
    return Fitted(trainer, record.losses, selection, time.monotonic() - started)


def deterministic(settings):
    """Return what Lightning's option of that name is for a recipe's ``training`` entry; a CPU always is.

    A GPU lacks deterministic algorithms for some gradients (max pooling, trilinear resizing); torch then warns.
    """
    if not torch.cuda.is_available():
        return True
    return "warn" if settings["deterministic"] else False


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


class Termination(Callback):
    """Ends the training after the step in which SIGTERM came to one of its processes, in all of them."""

    def __init__(self):
        self.told = False

    def on_train_start(self, trainer, module):
        """Take the place of Lightning's handler, in which processes wait for one another in the middle of a step."""
        signal.signal(signal.SIGTERM, self._told)

    def _told(self, *_):
        self.told = True

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_index):
        """End the training when one of its processes was told to."""
        if trainer.strategy.reduce_boolean_decision(self.told, all=False):
            raise SIGTERMException


def quiet_lightning():
    """Silence hints about loggers, workers, hardware and memory layout, which are no news to a benchmark."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning\..*|monai\..*")
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
