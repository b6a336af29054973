"""PA-Seg's second stage, self and cross monitoring: two networks teach themselves and each other.

arXiv 2208.05669, section on self and cross monitoring. No label enters the loss: a teacher is a frozen copy of a
network, its thresholded output the label of its own student, its softened output the label of the other one.

Where the published code scores its students after every epoch, here they are scored as often as the recipe says and
before every refresh. Its two optimisers are one, which computes the same: the students share no weight.
"""

import copy

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback
from torch import nn

from weakseg3d.losses.distillation_kl import distillation_kl
from weakseg3d.losses.partial import partial_dice_ce
from weakseg3d.networks.deep_supervision import full_resolution
from weakseg3d.training.module import LAYOUT
from weakseg3d.training.objective import Objective
from weakseg3d.training.optimizer import configured
from weakseg3d.training.shares import of_all, own_share, seed_noise


class CrossDistillationModule(pl.LightningModule):
    """Trains two networks on what frozen copies of them say."""

    def __init__(self, recipe, networks):
        super().__init__()
        self.recipe = recipe
        self.settings = recipe["distillation"]
        self.students = nn.ModuleList(network.to(memory_format=LAYOUT).train() for network in networks)
        self.teachers = copy.deepcopy(self.students).requires_grad_(False)
        # What selects the best students: the loss on labels that their first stage minimised.
        self.objective = Objective(recipe)

    @property
    def candidates(self):
        """Return the networks among whose states one each is kept; the first one's is the model."""
        return list(self.students)

    def refresh(self, weights):
        """Make teachers of the ``weights`` (state dicts) of two students."""
        for teacher, state in zip(self.teachers, weights, strict=True):
            teacher.load_state_dict(state)

    def on_train_batch_start(self, batch, batch_index):
        """Draw from the seed and the step, so that a resumed run equals an undisturbed one; teachers never train."""
        seed_noise(self.recipe, self.global_step)
        self.teachers.eval()

    def training_step(self, batch, batch_index):
        """Return the sum of both students' losses on one batch of patches; they share no weight."""
        image = own_share(batch["image"]).contiguous(memory_format=LAYOUT)
        with torch.no_grad():
            first_taught, second_taught = (of_all(teacher(image).float()) for teacher in self.teachers)
        first, second = (of_all(full_resolution(student(image)).float()) for student in self.students)
        weights = {key: self.settings[key] for key in ("temperature", "cross_weight")}
        return cross_distillation(first, first_taught, second_taught, **weights) + cross_distillation(
            second, second_taught, first_taught, **weights
        )

    def configure_optimizers(self):
        """Return the recipe's optimiser and schedule, of both students."""
        return configured(self.students.parameters(), self.recipe["training"])


def cross_distillation(student, own_teacher, other_teacher, temperature=4.0, cross_weight=0.5):
    """Return (1 - w) (Dice + CE)(student, own teacher > 0) + w T^2 KL(other teacher || student), all logits.

    The shapes are (B, 1, *spatial); the KL divergence, at temperature T, is the mean over all voxels.
    """
    self_taught = partial_dice_ce(student, (own_teacher > 0).to(student.dtype))
    cross_taught = distillation_kl(student, other_teacher, temperature)
    return (1 - cross_weight) * self_taught + cross_weight * cross_taught


class TeacherRefresh(Callback):
    """Makes teachers of the best students so far, after every of ``steps``."""

    def __init__(self, selection, steps):
        self.selection = selection
        self.steps = steps

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_index):
        """Refresh the teachers when it is time."""
        if trainer.global_step in self.steps:
            module.refresh(self.selection.best_weights(module))


def refresh_steps(recipe):
    """Return the steps after which teachers are refreshed; the last step is none of them, nothing is taught then."""
    steps, every = recipe["training"]["steps"], recipe["distillation"]["refresh_every"]
    times = range(1, int(round(1 / every, 9)) + 1)
    return [step for step in (round(k * every * steps) for k in times) if 0 < step < steps]
