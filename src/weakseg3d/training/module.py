"""One training step of a network with labels: network and loss as the recipe says."""

import lightning.pytorch as pl
import torch

from weakseg3d.networks import build_network
from weakseg3d.networks.ptn import kl_divergence
from weakseg3d.training.objective import Objective
from weakseg3d.training.optimizer import configured
from weakseg3d.training.shares import of_all, own_share, seed_noise

LAYOUT = torch.channels_last_3d


class SegmentationModule(pl.LightningModule):
    """Trains the network of a recipe (see ``workflow/schemas/recipe.schema.yaml``)."""

    def __init__(self, recipe):
        super().__init__()
        self.recipe = recipe
        # Channels last: about a third faster on a CPU, and what tensor cores want.
        self.network = build_network(recipe["network"], recipe["training"]["patch_size"]).to(memory_format=LAYOUT)
        self.objective = Objective(recipe)
        self.kl_weight = recipe["loss"]["kl_weight"]

    @property
    def candidates(self):
        """Return the networks among whose states one is kept; the first one's is the model."""
        return [self.network]

    def on_train_batch_start(self, batch, batch_index):
        """Draw the attention's noise from the seed and the step, so that a resumed run equals an undisturbed one."""
        seed_noise(self.recipe, self.global_step)

    def training_step(self, batch, batch_index):
        """Return the loss of one batch of patches, ``image`` and ``target`` (B, 1, z, y, x)."""
        outputs = of_all(self.network(own_share(batch["image"]).contiguous(memory_format=LAYOUT)).float())
        share = (self.global_step + 1) / self.recipe["training"]["steps"]
        loss = self.objective(outputs, batch["image"], batch["target"], share)
        if self.kl_weight:
            loss = loss + self.kl_weight * of_all(kl_divergence(self.network).reshape(-1)).mean()
        return loss

    def configure_optimizers(self):
        """Return the recipe's optimiser and schedule."""
        return configured(self.parameters(), self.recipe["training"])
