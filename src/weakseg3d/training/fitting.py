"""The steps of a training, which are the same in each of its processes, starting from a checkpoint if there is one."""

import logging
import math
import signal
import sys
import time
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.plugins.environments import ClusterEnvironment
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch.utils.data import DataLoader

from weakseg3d.accelerator import precision
from weakseg3d.progress import Progress
from weakseg3d.training.checkpoints import LatestCheckpoint, WholeCheckpoints
from weakseg3d.training.cross_distillation import TeacherRefresh
from weakseg3d.training.divergence import DivergedError
from weakseg3d.training.found_foreground import FoundForeground
from weakseg3d.training.patches import PatchDataset
from weakseg3d.training.selection import Selection, selection_score, validation_steps

WORKERS = 2
"""Processes that prepare batches for a GPU."""
LOSSES_READ_EVERY = 50
"""On a GPU, losses are read once in so many steps, since each reading waits until the device has finished its step."""
STOPPED = 128 + signal.SIGTERM
"""Exit code of a training that was ended by SIGTERM, by the convention of shells."""


@dataclass(frozen=True)
class Training:
    """A module with its recipe, training cases and validation cases.

    The recipe's length is in steps (`weakseg3d.training.length`); ``steps_per_epoch`` and ``epochs`` (None for a recipe
    that counts steps) say what it was made of. ``refresh`` are the steps after which the module's teachers are
    refreshed; ``origins`` are the digests of the models from which the training starts, and ``origins_code`` the
    hashes of the code of their networks. ``patches_with_foreground`` is the share of patches that hold labelled
    foreground, None where the network does not learn from labels.
    """

    recipe: Mapping[str, Any]
    module: pl.LightningModule
    cases: list[dict[str, Any]]
    validation: list[dict[str, Any]]
    steps_per_epoch: int
    epochs: int | None = None
    refresh: tuple[int, ...] = ()
    origins: tuple[str, ...] = ()
    origins_code: tuple[str, ...] = ()
    patches_with_foreground: float | None = None


@dataclass(frozen=True)
class TrainingResult:
    """The result of a `Training`: the trainer at its last step, all losses, the best states and the duration.

    ``foreground_found`` is what `FoundForeground` says of the parts of the training.
    """

    trainer: pl.Trainer
    losses: list[float]
    selection: Selection
    seconds: float
    foreground_found: list[float | None]


def fit(
    training: Training, environment: ClusterEnvironment, folder: Path, checkpoint: Path | None, first_step: int
) -> TrainingResult:
    """Train until the last step and return the result.

    ``environment`` tells Lightning which process this is (`weakseg3d.training.processes`). Checkpoints are written to
    ``folder``. If a ``checkpoint`` is given, the training continues from it, after ``first_step``. SIGTERM ends the
    training with a message and raises SystemExit with the code `STOPPED`. Raises DivergedError at the first loss that
    is not finite.
    """
    recipe, module = training.recipe, training.module
    settings = recipe["training"]
    patches = PatchDataset(training.cases, settings, recipe["seed"], first_step, recipe["target"])
    scored_steps = sorted({*validation_steps(settings), *training.refresh})
    record = StepRecord(folder.parent, scored_steps, every=LOSSES_READ_EVERY if torch.cuda.is_available() else 1)
    selection = Selection(selection_score(recipe, training.validation, module.objective), scored_steps, folder.parent)
    found = FoundForeground()
    refreshing = [TeacherRefresh(selection, training.refresh)] if training.refresh else []
    trainer = pl.Trainer(
        max_steps=settings["steps"],
        # Lightning's choice may be another device, such as Apple's, while prediction knows only these two.
        accelerator="gpu" if torch.cuda.is_available() else "cpu",
        devices=settings["devices"],
        strategy="ddp" if settings["devices"] > 1 else "auto",
        precision=precision(settings["mixed_precision"]),
        deterministic=deterministic(settings),
        benchmark=chooses_fastest_algorithms(settings),
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        # Checkpoints come last, because they must contain the best state and the teachers of their step.
        callbacks=[
            record,
            found,
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
        print(f"weakseg3d train: stopped by SIGTERM after step {step}; --resume continues from there", file=sys.stderr)
        raise SystemExit(STOPPED) from None
    except SystemExit:
        # Lightning turns Ctrl-C into SystemExit.
        raise KeyboardInterrupt from None
    return TrainingResult(trainer, record.losses, selection, time.monotonic() - started, found.shares())


def deterministic(settings: Mapping[str, Any]) -> bool | Literal["warn"]:
    """Return Lightning's option ``deterministic`` for a recipe's ``training`` entry; it is always set on a CPU.

    A GPU lacks deterministic algorithms for some gradients (max pooling, trilinear resizing), about which torch warns.
    """
    if not torch.cuda.is_available():
        return True
    return "warn" if settings["deterministic"] else False


def chooses_fastest_algorithms(settings: Mapping[str, Any]) -> bool:
    """Return whether cuDNN may time its algorithms and take the fastest, given a recipe's ``training`` entry.

    All patches have the same shape, so that it does so once. The choice may differ from run to run, as may the bytes.
    """
    return torch.cuda.is_available() and not settings["deterministic"]


def loader(patches: PatchDataset) -> DataLoader:
    """Return the batches of a `PatchDataset`; for a GPU they are prepared in advance, so that it need not wait."""
    on_gpu = torch.cuda.is_available()
    return DataLoader(patches, batch_size=None, num_workers=WORKERS if on_gpu else 0, pin_memory=on_gpu)


class StepRecord(Callback):
    """Keeps the loss of every step, including those before a resumption, shows the progress, and stops a divergence.

    Losses stay on the device until they are read: after ``every`` steps, after each of the steps ``read_at``, and for a
    checkpoint, so that no state that follows a loss which is not finite is ever scored or saved. ``out`` is the folder
    of the training, for messages.
    """

    def __init__(self, out: Path, read_at: Collection[int], every: int) -> None:
        self.out = out
        self.read_at = frozenset(read_at)
        self.every = every
        self.losses: list[float] = []
        self.unread: list[torch.Tensor] = []

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Start the clock for the estimate of the remaining time."""
        self.progress = Progress(trainer.max_steps - trainer.global_step, "training", "step")

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        """Keep the loss of a step; raise DivergedError, before other callbacks, if one that is read is not finite."""
        self.unread.append(outputs["loss"].detach())
        if trainer.global_step % self.every == 0 or trainer.global_step in self.read_at:
            self._read()
        self.progress.advance(f"loss {self.losses[-1]:.4f}" if self.losses else "")

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint; raise DivergedError if a loss so far is not finite."""
        self._read()
        return {"losses": torch.tensor(self.losses, dtype=torch.float64)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        self.losses = state_dict["losses"].tolist()

    def _read(self) -> None:
        if not self.unread:
            return
        losses = torch.stack(self.unread).tolist()
        self.unread.clear()
        for loss in losses:
            if not math.isfinite(loss):
                raise DivergedError(self.out, f"the loss of step {len(self.losses) + 1} is {loss}")
            self.losses.append(loss)


class Termination(Callback):
    """Ends the training in all of its processes after the step in which one of them received SIGTERM."""

    def __init__(self) -> None:
        self.sigterm_received = False

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Replace Lightning's handler, in which processes wait for one another in the middle of a step."""
        signal.signal(signal.SIGTERM, self._on_sigterm)

    def _on_sigterm(self, *_: Any) -> None:
        self.sigterm_received = True

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        """End the training if any of its processes has received SIGTERM."""
        if trainer.strategy.reduce_boolean_decision(self.sigterm_received, all=False):
            raise SIGTERMException


def quiet_lightning() -> None:
    """Silence hints about loggers, workers, hardware and memory layout, which are all as intended."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning\..*|monai\..*")
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
