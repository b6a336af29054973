"""Checkpoints: complete at any time, and used only with the same recipe, voxels and code that wrote them."""

import hashlib
import json
import os
import pickle
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException

from weakseg3d.experiment.method_schema import chosen_modules
from weakseg3d.files import whole_file
from weakseg3d.inference.model import all_finite
from weakseg3d.jobs.code_hash import code_hash
from weakseg3d.ownership import remove_own_folder

NAME = "last"
PREVIOUS = "previous.ckpt"

OWNER = "run.sha256"
"""The file that says to which run a folder of checkpoints belongs; a folder without it is not ours."""


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint under a temporary name and puts it in place after renaming the existing one to `PREVIOUS`.

    Lightning's own writer moves the file from the folder of temporary files. If that is on another disk, the move is a
    copy, which a kill can cut short. The previous checkpoint is kept because a power failure can still damage a file
    that the disk has not fully written.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Write ``checkpoint`` to ``path``; at any time, at least one of the two files is complete.

        Nothing is written if the weights are not finite: the loss of the next step, if there is one, ends the training.
        """
        if not all_finite(checkpoint.get("state_dict", {})):
            step = checkpoint["global_step"]
            print(f"{path}: not written, as the weights after step {step} are not finite", file=sys.stderr)
            return
        with whole_file(path) as partial:
            torch.save(checkpoint, partial)
            if os.path.exists(path):
                os.replace(path, os.path.join(os.path.dirname(path), PREVIOUS))


class LatestCheckpoint(ModelCheckpoint):
    """Keeps the latest state in ``folder/last.ckpt``: after every ``every`` steps, and on SIGTERM."""

    def __init__(self, folder: Path, every: int) -> None:
        super().__init__(folder, filename=NAME, every_n_train_steps=every, enable_version_counter=False)

    def on_exception(self, trainer: pl.Trainer, module: pl.LightningModule, exception: BaseException) -> None:
        """Save once more if SIGTERM ends the training; other exceptions may have occurred in the middle of a step."""
        if isinstance(exception, SIGTERMException):
            trainer.save_checkpoint(self.format_checkpoint_name({}))


def fingerprint(recipe: Mapping[str, Any], cases: Iterable[Mapping[str, Any]], origins: Iterable[str] = ()) -> str:
    """Return a hash of everything on which a training depends: recipe, voxels, code and initial models.

    ``cases`` come from `load_cases`; ``origins`` are the digests of the models from which the training starts and of
    their networks' code.
    """
    verb = "distill" if "distillation" in recipe else "train"
    digest = hashlib.sha256(
        json.dumps([recipe, code_hash(verb, chosen_modules(recipe)), *origins], sort_keys=True).encode()
    )
    for case in cases:
        digest.update(case["case"].encode())
        for array in (case["image"], case["target"]):
            digest.update(f"{array.dtype} {array.shape}".encode())
            # Slice by slice, so that memory maps are not copied as a whole.
            for section in array:
                digest.update(np.ascontiguousarray(section))
    return digest.hexdigest()


def checkpoint_to_resume(folder: Path, run_hash: str, resume: bool) -> tuple[Path | None, int]:
    """Return the checkpoint from which to continue and its step, or None and 0 to start from the beginning.

    Checkpoints whose `fingerprint` is not ``run_hash`` are removed, and without ``resume`` all checkpoints are. If the
    latest checkpoint cannot be read, or if its weights are not finite, the previous one replaces it, and a line on
    standard error says so.
    """
    latest, owner = folder / f"{NAME}.ckpt", folder / OWNER
    if resume and owner.exists() and owner.read_text(encoding="utf-8") == run_hash:
        existing = [checkpoint for checkpoint in (latest, folder / PREVIOUS) if checkpoint.exists()]
        newest, step, problem = None, 0, ""
        for checkpoint in existing:
            try:
                step = saved_step(checkpoint)
            except ValueError as error:
                problem = problem or str(error)
                continue
            newest = checkpoint
            break
        if problem:
            remedy = f"continues from the previous one, after step {step}" if newest else "starts from the beginning"
            print(f"{existing[0]}: {problem}; training {remedy}", file=sys.stderr)
        if newest:
            # This overwrites an unreadable latest checkpoint, which must not become the previous one.
            os.replace(newest, latest)
            return latest, step
    remove_own_folder(folder, mark=OWNER)
    with whole_file(owner) as partial:
        partial.write_text(run_hash, encoding="utf-8")
    return None, 0


def saved_step(path: Path) -> int:
    """Return the step after which the checkpoint at ``path`` was written.

    Raises ValueError, with the problem in words, if it cannot be read or if its weights are not finite.
    """
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
        step, finite = checkpoint["global_step"], all_finite(checkpoint.get("state_dict", {}))
    except (RuntimeError, EOFError, KeyError, TypeError, AttributeError, OSError, pickle.UnpicklingError, ValueError):
        raise ValueError("not a readable checkpoint") from None
    if not finite:
        raise ValueError("its weights are not finite")
    return step
