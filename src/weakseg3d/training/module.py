"""One training step of any method: network, loss, optimiser and schedule as the recipe says."""

import math

import lightning.pytorch as pl
import torch

from weakseg3d.losses import build_loss
from weakseg3d.networks import build_network
from weakseg3d.networks.ptn import kl_divergence

LAYOUT = torch.channels_last_3d


class SegmentationModule(pl.LightningModule):
    """Trains the network of a recipe (see ``workflow/schemas/recipe.schema.yaml``)."""

    def __init__(self, recipe):
        super().__init__()
        self.recipe = recipe
        # Channels last: about a third faster on a CPU, and what tensor cores want.
        self.network = build_network(recipe["network"], recipe["training"]["patch_size"]).to(memory_format=LAYOUT)
        self.loss = build_loss(recipe["loss"]["name"], recipe["target"]["threshold"])
        self.kl_weight = recipe["loss"]["kl_weight"]

    def on_train_batch_start(self, batch, batch_index):
        """Draw the attention's noise from the seed and the step, so that a resumed run equals an undisturbed one."""
        torch.manual_seed(self.recipe["seed"] * 1_000_003 + self.global_step)

    def training_step(self, batch, batch_index):
        """Return the loss of one batch of patches, ``image`` and ``target`` (B, 1, z, y, x)."""
        loss = self.loss(self.network(batch["image"].contiguous(memory_format=LAYOUT)).float(), batch["target"])
        if self.kl_weight:
            loss = loss + self.kl_weight * kl_divergence(self.network).mean()
        return loss

    def configure_optimizers(self):
        """Return the recipe's optimiser with its learning rate scheduled per step."""
        training = self.recipe["training"]
        ((name, settings),) = training["optimizer"].items()
        parameters, rate, decay = self.parameters(), settings["learning_rate"], settings["weight_decay"]
        if name == "adamw":
            optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)
        else:
            momentum = settings["momentum"]
            optimizer = torch.optim.SGD(parameters, rate, momentum, weight_decay=decay, nesterov=momentum > 0)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rate_factor(step, training["steps"], **training["schedule"])
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def rate_factor(step, steps, decay, warmup_steps):
    """Return the learning rate at ``step`` as a share of its peak: a linear rise, then the named decay to 0."""
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    share = min(1.0, (step - warmup_steps) / max(1, steps - warmup_steps))
    if decay == "cosine":
        return 0.5 * (1 + math.cos(math.pi * share))
    if decay == "polynomial":
        return (1 - share) ** 0.9
    return 1.0
