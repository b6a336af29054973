"""Checkpoints: written whole, owned by one recipe, one set of voxels and one state of the code."""

import hashlib
import json
import os
import pickle
import shutil
import sys

import numpy as np
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException

from weakseg3d.files import whole_file
from weakseg3d.jobs.code_hash import code_hash

NAME = "last"
PREVIOUS = "previous.ckpt"


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside its final place and renames it, after the one before became `PREVIOUS`.

    Lightning's own writer moves it from the folder of temporary files, which on another disk is a copy that a kill
    can cut short. A disk may still lose what it had not written when the power failed: hence the one before.
    """

    def save_checkpoint(self, checkpoint, path, storage_options=None):
        """Write ``checkpoint`` to ``path``; at every moment one of the two files is whole."""
        with whole_file(path) as partial:
            torch.save(checkpoint, partial)
            if os.path.exists(path):
                os.replace(path, os.path.join(os.path.dirname(path), PREVIOUS))


class LatestCheckpoint(ModelCheckpoint):
    """Keeps the latest state in ``folder/last.ckpt``: after every ``every`` steps, and on SIGTERM."""

    def __init__(self, folder, every):
        super().__init__(folder, filename=NAME, every_n_train_steps=every, enable_version_counter=False)

    def on_exception(self, trainer, module, exception):
        """Save once more when SIGTERM ends the training; any other exception may have struck in mid-step."""
        if isinstance(exception, SIGTERMException):
            trainer.save_checkpoint(self.format_checkpoint_name({}))


def fingerprint(recipe, cases, origins=()):
    """Return a hash of all that a training depends on: recipe, voxels, code, and digests of models it starts from."""
    verb = "distill" if "distillation" in recipe else "train"
    digest = hashlib.sha256(json.dumps([recipe, code_hash(verb), *origins], sort_keys=True).encode())
    for case in cases:
        digest.update(case["case"].encode())
        for array in (case["image"], case["target"]):
            digest.update(f"{array.dtype} {array.shape}".encode())
            # Slice by slice, so that no memory map is copied as a whole.
            for section in array:
                digest.update(np.ascontiguousarray(section))
    return digest.hexdigest()


def resumable(folder, run_hash, resume):
    """Return the checkpoint to continue from and its step, or None and 0 to start anew.

    Checkpoints of another `fingerprint`, and all of them without ``resume``, are removed. Where the latest one cannot
    be read, the one before takes its place; standard error is told, in one line.
    """
    latest, owner = folder / f"{NAME}.ckpt", folder / "run.sha256"
    if resume and owner.exists() and owner.read_text(encoding="utf-8") == run_hash:
        kept = [checkpoint for checkpoint in (latest, folder / PREVIOUS) if checkpoint.exists()]
        readable = ((checkpoint, step) for checkpoint in kept if (step := saved_step(checkpoint)) is not None)
        whole, step = next(readable, (None, 0))
        if kept and whole != kept[0]:
            how = f"goes on from the one before, after step {step}" if whole else "starts anew"
            print(f"{kept[0]}: not a checkpoint that can be read; training {how}", file=sys.stderr)
        if whole:
            # Not to become the one before itself, an unreadable checkpoint makes way.
            os.replace(whole, latest)
            return latest, step
    shutil.rmtree(folder, ignore_errors=True)
    with whole_file(owner) as partial:
        partial.write_text(run_hash, encoding="utf-8")
    return None, 0


def saved_step(checkpoint):
    """Return the step after which ``checkpoint`` was written, None where the file cannot be read."""
    try:
        return torch.load(checkpoint, map_location="cpu", weights_only=True)["global_step"]
    except (RuntimeError, EOFError, KeyError, TypeError, ValueError, OSError, pickle.UnpicklingError):
        return None
