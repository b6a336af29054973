"""PA-Seg's second stage, self and cross monitoring: two networks teach themselves and each other.

arXiv 2208.05669, section on self and cross monitoring. The loss uses no labels. A teacher is a frozen copy of a
network; its thresholded output is the label of its own student, and its softened output the label of the other student.

The published code scores its students after every epoch. Here they are scored as often as the recipe says, and before
every refresh. The two optimisers of the published code are a single one here, which makes no difference, as the
students share no weights.
"""

import copy
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback
from torch import nn

from weakseg3d.accelerator import memory_layout
from weakseg3d.losses.partial_dice_ce import partial_dice_ce
from weakseg3d.training.deep_supervision import full_resolution
from weakseg3d.training.distillation_kl import distillation_kl
from weakseg3d.training.objective import Objective
from weakseg3d.training.optimizer import optimizer_and_schedule
from weakseg3d.training.selection import Selection
from weakseg3d.training.shares import device_share, gather_across_devices, seed_noise


class CrossDistillationModule(pl.LightningModule):
    """Trains two networks on the outputs of frozen copies of them."""

    def __init__(self, recipe: Mapping[str, Any], networks: Iterable[nn.Module]) -> None:
        super().__init__()
        self.recipe = recipe
        self.settings = recipe["distillation"]
        self.students = nn.ModuleList(network.to(memory_format=memory_layout()).train() for network in networks)
        self.teachers = copy.deepcopy(self.students).requires_grad_(False)
        # The best students are selected by the loss on labels that their first stage minimised.
        self.objective = Objective(recipe)

    @property
    def candidates(self) -> list[nn.Module]:
        """Return the networks whose best states are selected; the first network becomes the model."""
        return list(self.students)

    def refresh(self, weights: Iterable[Mapping[str, Any]]) -> None:
        """Give the two teachers the ``weights`` (state dicts) of two students."""
        for teacher, state in zip(self.teachers, weights, strict=True):
            teacher.load_state_dict(state)

    def on_train_batch_start(self, batch: Mapping[str, torch.Tensor], batch_index: int) -> None:
        """Seed the noise by the step, so that a resumed run equals an uninterrupted one; teachers stay in eval mode."""
        seed_noise(self.recipe, self.global_step)
        self.teachers.eval()

    def training_step(self, batch: Mapping[str, torch.Tensor], batch_index: int) -> torch.Tensor:
        """Return the sum of both students' losses on a batch of patches, ``image`` (B, 1, z, y, x)."""
        image = device_share(batch["image"]).contiguous(memory_format=memory_layout())
        with torch.no_grad():
            first_teacher, second_teacher = (gather_across_devices(teacher(image).float()) for teacher in self.teachers)
        first_student, second_student = (
            gather_across_devices(full_resolution(student(image)).float()) for student in self.students
        )
        weights = {key: self.settings[key] for key in ("temperature", "cross_weight")}
        return cross_distillation(first_student, first_teacher, second_teacher, **weights) + cross_distillation(
            second_student, second_teacher, first_teacher, **weights
        )

    def configure_optimizers(self) -> dict[str, Any]:
        """Return the recipe's optimiser and schedule for both students."""
        return optimizer_and_schedule(self.students.parameters(), self.recipe["training"])


def cross_distillation(
    student: torch.Tensor,
    own_teacher: torch.Tensor,
    other_teacher: torch.Tensor,
    temperature: float = 4.0,
    cross_weight: float = 0.5,
) -> torch.Tensor:
    """Return (1 - w) (Dice + CE)(student, own teacher > 0) + w T^2 KL(other teacher || student) from logits.

    ``student``, ``own_teacher`` and ``other_teacher`` are (B, 1, *spatial). T is the ``temperature`` and w the
    ``cross_weight``; the KL divergence is averaged over all voxels.
    """
    self_loss = partial_dice_ce(student, (own_teacher > 0).to(student.dtype))
    cross_loss = distillation_kl(student, other_teacher, temperature)
    return (1 - cross_weight) * self_loss + cross_weight * cross_loss


class TeacherRefresh(Callback):
    """Replaces the teachers by the best students so far, after each of ``steps``."""

    def __init__(self, selection: Selection, steps: Collection[int]) -> None:
        self.selection = selection
        self.steps = steps

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        """Refresh the teachers if this step is one of ``steps``."""
        if trainer.global_step in self.steps:
            module.refresh(self.selection.best_weights(module))


def refresh_steps(recipe: Mapping[str, Any]) -> list[int]:
    """Return the steps after which teachers are refreshed, without the last step, after which nothing is trained."""
    steps, every = recipe["training"]["steps"], recipe["distillation"]["refresh_every"]
    times = range(1, int(round(1 / every, 9)) + 1)
    return [step for step in (round(k * every * steps) for k in times) if 0 < step < steps]
