"""Selection of the state of a network: the last state, or the state with the best score on validation cases."""

import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import Callback
from torch import nn

from weakseg3d.accelerator import autocast_context, precision
from weakseg3d.inference.sliding_window import sliding_window_prediction
from weakseg3d.training.divergence import DivergedError


class Selection(Callback):
    """Scores a module's candidates after each of ``steps`` and keeps the best state of each candidate.

    ``score`` takes a network and a slice, this process's share of the validation cases, and returns the contribution of
    the share to the score, which is a sum and is higher for a better network. If ``score`` is None, the last state
    counts as the best. Of states with equal scores, the earliest is kept; a state whose score is not finite never is.
    ``out`` is the folder of the training, for messages.
    """

    def __init__(self, score: Callable[[nn.Module, slice], float] | None, steps: Collection[int], out: Path) -> None:
        self.out = out
        self.score = score
        self.steps = steps
        self.history: list[dict[str, Any]] = []
        self.best: list[dict[str, Any]] = []

    def best_weights(self, module: pl.LightningModule) -> list[dict[str, torch.Tensor]]:
        """Return the best state dict so far of every candidate of ``module``.

        Raises DivergedError if none of a candidate's scores was finite.
        """
        if self.score is None:
            return [_cpu_copy(network.state_dict()) for network in module.candidates]
        if not all("weights" in best for best in self.best):
            raise DivergedError(self.out, "no selection score so far is finite")
        return [best["weights"] for best in self.best]

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        """Score the candidates if this step is one of ``steps``."""
        if self.score is None or trainer.global_step not in self.steps:
            return
        scores = [self._score_network(network, trainer) for network in module.candidates]
        self.history.append({"step": trainer.global_step, "scores": scores})
        self.best = self.best or [{"score": -float("inf")} for _ in scores]
        for number, (network, score) in enumerate(zip(module.candidates, scores, strict=True)):
            if math.isfinite(score) and score > self.best[number]["score"]:
                weights = _cpu_copy(network.state_dict())
                self.best[number] = {"score": score, "step": trainer.global_step, "weights": weights}
        values = ", ".join(f"{score:.4f}" for score in scores)
        print(f"step {trainer.global_step}: selection score {values}", file=sys.stderr)

    def _score_network(self, network: nn.Module, trainer: pl.Trainer) -> float:
        assert self.score is not None
        training = network.training
        network.eval()
        contribution = self.score(network, slice(trainer.global_rank, None, trainer.world_size))
        network.train(training)
        tensor = torch.tensor(contribution, dtype=torch.float64, device=trainer.strategy.root_device)
        return float(trainer.strategy.reduce(tensor, reduce_op="sum"))

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"history": self.history, "best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state from a checkpoint."""
        self.history, self.best = state_dict["history"], state_dict["best"]


def selection_score(
    recipe: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], objective: Callable[..., torch.Tensor]
) -> Callable[[nn.Module, slice], float] | None:
    """Return the score for a recipe's ``selection`` in the form that `Selection` needs, or None for ``last``.

    ``cases`` come from `load_cases`; their targets are weak labels for ``weak_labels`` and masks for
    ``dense_validation``. ``objective`` is the loss, with its full weights, whose negative is the score of
    ``weak_labels``.
    """
    if recipe["selection"] == "last":
        return None
    per_case = _negative(objective) if recipe["selection"] == "weak_labels" else _dice
    prediction = recipe["prediction"]
    windows = recipe["training"]["patch_size"], prediction["overlap"], prediction["blending"]

    # As in prediction, so that the state that is kept is the best at the precision with which it will be used.
    half = precision(prediction["mixed_precision"])

    @torch.no_grad()
    def score(network: nn.Module, share: slice = slice(None)) -> float:
        total = 0.0
        device = next(network.parameters()).device
        for case in cases[share]:
            image = (torch.from_numpy(case["image"]).to(device) - case["mean"]) / case["std"]
            target = torch.from_numpy(case["target"]).to(device).float()[None, None]
            with autocast_context(half):
                logits = sliding_window_prediction(network, image, *windows).float()
            total += float(per_case(logits, image[None, None], target))
        return total / len(cases)

    return score


def validation_steps(training: Mapping[str, Any]) -> list[int]:
    """Return the steps after which the network is scored, the last step always being one of them.

    ``training`` is a recipe's entry after `weakseg3d.training.length.in_steps`; its ``validations`` are a number of
    times at equal intervals, or ``{"every_steps": N}``.
    """
    steps, times = training["steps"], training["validations"]
    if isinstance(times, Mapping):
        return [*range(times["every_steps"], steps, times["every_steps"]), steps]
    return sorted({round(k * steps / times) for k in range(1, times + 1)} - {0})


def _negative(objective: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    return lambda logits, image, target: -objective(logits, image, target)


def _dice(logits: torch.Tensor, image: torch.Tensor, target: torch.Tensor) -> torch.Tensor | float:
    """Return the Dice of [logit > 0] against a mask, or 1 if both are empty; ``image`` is not used."""
    predicted, mask = logits > 0, target > 0
    total = predicted.sum() + mask.sum()
    return 2 * (predicted & mask).sum() / total if total else 1.0


def _cpu_copy(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in weights.items()}
