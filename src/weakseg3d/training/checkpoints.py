"""Checkpoints: written whole, owned by one recipe, one set of voxels and one state of the code."""

import hashlib
import json
import pickle
import shutil
import sys

import numpy as np
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException

from weakseg3d.code_hash import code_hash
from weakseg3d.files import whole_file

NAME = "last"


class WholeCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside its final place and renames it.

    Lightning's own writer moves it from the folder of temporary files, which on another disk is a copy that a kill
    can cut short.
    """

    def save_checkpoint(self, checkpoint, path, storage_options=None):
        """Write ``checkpoint`` to ``path``."""
        with whole_file(path) as partial:
            torch.save(checkpoint, partial)


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

    Checkpoints of another `fingerprint`, and all of them without ``resume``, are removed; so is one that cannot be
    read, which is reported on standard error.
    """
    checkpoint, owner = folder / f"{NAME}.ckpt", folder / "run.sha256"
    if resume and checkpoint.exists() and owner.exists() and owner.read_text(encoding="utf-8") == run_hash:
        try:
            return checkpoint, torch.load(checkpoint, map_location="cpu", weights_only=True)["global_step"]
        except (RuntimeError, EOFError, KeyError, TypeError, ValueError, OSError, pickle.UnpicklingError):
            print(f"{checkpoint}: not a checkpoint that can be read; training starts anew", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    with whole_file(owner) as partial:
        partial.write_text(run_hash, encoding="utf-8")
    return None, 0
