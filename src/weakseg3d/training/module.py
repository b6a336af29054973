"""Training of a network on labels, with the network and the loss of a recipe."""

from collections.abc import Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from torch import nn

from weakseg3d.accelerator import memory_layout
from weakseg3d.networks import build_network
from weakseg3d.networks.noise import divergence
from weakseg3d.training.deep_supervision import full_resolution
from weakseg3d.training.found_foreground import found_and_labelled
from weakseg3d.training.objective import Objective
from weakseg3d.training.optimizer import optimizer_and_schedule
from weakseg3d.training.shares import device_share, gather_across_devices, seed_noise


class SegmentationModule(pl.LightningModule):
    """Trains the network of a recipe (see ``workflow/schemas/recipe.schema.yaml``).

    After each step, ``found`` is what `found_and_labelled` says of it.
    """

    def __init__(self, recipe: Mapping[str, Any]) -> None:
        super().__init__()
        self.recipe = recipe
        network = build_network(recipe["network"], recipe["training"]["patch_size"])
        self.network = network.to(memory_format=memory_layout())
        self.objective = Objective(recipe)

    @property
    def candidates(self) -> list[nn.Module]:
        """Return the networks whose best states are selected; the first network becomes the model."""
        return [self.network]

    def on_train_batch_start(self, batch: Mapping[str, torch.Tensor], batch_index: int) -> None:
        """Seed the noise of attention by the step, so that a resumed run equals an uninterrupted one."""
        seed_noise(self.recipe, self.global_step)

    def training_step(self, batch: Mapping[str, torch.Tensor], batch_index: int) -> torch.Tensor:
        """Return the loss of a batch of patches, ``image`` and ``target`` (B, 1, z, y, x)."""
        image = device_share(batch["image"]).contiguous(memory_format=memory_layout())
        outputs = gather_across_devices(self.network(image).float())
        share = (self.global_step + 1) / self.recipe["training"]["steps"]
        needs_divergence = self.objective.needs_divergence
        noise = gather_across_devices(divergence(self.network).reshape(-1)) if needs_divergence else None
        loss = self.objective(outputs, batch["image"], batch["target"], share, noise)
        self.found = found_and_labelled(full_resolution(outputs), batch["target"], self.recipe["target"]["threshold"])
        return loss

    def configure_optimizers(self) -> dict[str, Any]:
        """Return the recipe's optimiser and schedule."""
        return optimizer_and_schedule(self.parameters(), self.recipe["training"])
