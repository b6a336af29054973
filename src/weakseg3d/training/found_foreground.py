"""How much of the labelled foreground in its patches a network finds, from the first part of a training to the last."""

from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback

from weakseg3d.images.labels import IGNORE
from weakseg3d.training.few_labels import PARTS


@torch.no_grad()
def found_and_labelled(logits: torch.Tensor, target: torch.Tensor, threshold: float) -> torch.Tensor:
    """Return the numbers of labelled foreground voxels that ``logits`` find, and of all of them, as a pair.

    ``logits`` and ``target`` are (B, 1, z, y, x); foreground is above the ``threshold`` and known.
    """
    labelled = (target > threshold) & (target != IGNORE)
    return torch.stack([((logits > 0) & labelled).sum(), labelled.sum()])


class FoundForeground(Callback):
    """Adds up what `found_and_labelled` says of each step in one of `PARTS` parts of the training.

    A module that learns from labels keeps it in its attribute ``found``. The sums stay on its device until they are
    asked for, so that no step waits for them; checkpoints hold them.
    """

    def __init__(self) -> None:
        self.counts = torch.zeros(PARTS, 2, dtype=torch.int64)

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        """Add the counts of a step."""
        if (found := getattr(module, "found", None)) is not None:
            self.counts = self.counts.to(found.device)
            self.counts[(trainer.global_step - 1) * PARTS // trainer.max_steps] += found

    def shares(self) -> list[float | None]:
        """Return the share of the labelled foreground that was found in each part; None without any label in it."""
        return [found / labelled if labelled else None for found, labelled in self.counts.tolist()]

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"counts": self.counts.cpu()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        self.counts = state_dict["counts"]
