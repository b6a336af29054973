"""Which state of a network is kept: the last one, or the one that scored best on validation cases."""

import sys

import torch
from lightning.pytorch.callbacks import Callback

from weakseg3d.inference.sliding_window import blended


class Selection(Callback):
    """Scores a module's candidates after every of ``steps`` and remembers each one's best state.

    ``score`` takes a network and the share of the validation cases that is for this process, a slice, and returns the
    share's part of a sum, higher for a better network; without it the last state is the best. Of equal states the
    earliest is kept.
    """

    def __init__(self, score, steps):
        self.score = score
        self.steps = steps
        self.history = []
        self.best = []

    def best_weights(self, module):
        """Return the best state dict so far of every candidate of ``module``."""
        if self.score is None:
            return [_copied(network.state_dict()) for network in module.candidates]
        return [best["weights"] for best in self.best]

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_index):
        """Score the candidates when it is time."""
        if self.score is None or trainer.global_step not in self.steps:
            return
        scores = [self._scored(network, trainer) for network in module.candidates]
        self.history.append({"step": trainer.global_step, "scores": scores})
        self.best = self.best or [{"score": -float("inf")} for _ in scores]
        for place, (network, score) in enumerate(zip(module.candidates, scores, strict=True)):
            if score > self.best[place]["score"]:
                weights = _copied(network.state_dict())
                self.best[place] = {"score": score, "step": trainer.global_step, "weights": weights}
        shown = ", ".join(f"{score:.4f}" for score in scores)
        print(f"step {trainer.global_step}: selection score {shown}", file=sys.stderr)

    def _scored(self, network, trainer):
        training = network.training
        network.eval()
        part = self.score(network, slice(trainer.global_rank, None, trainer.world_size))
        network.train(training)
        part = torch.tensor(part, dtype=torch.float64, device=trainer.strategy.root_device)
        return float(trainer.strategy.reduce(part, reduce_op="sum"))

    def state_dict(self):
        """Return what a checkpoint keeps."""
        return {"history": self.history, "best": self.best}

    def load_state_dict(self, state_dict):
        """Take up what a checkpoint kept."""
        self.history, self.best = state_dict["history"], state_dict["best"]


def selection_score(recipe, cases, objective):
    """Return the score that a recipe's ``selection`` names, as `Selection` takes it; None for the last step.

    ``cases`` come from `load_cases`; their targets are weak labels for ``weak_labels`` and masks for
    ``dense_validation``. ``objective`` is the loss, at its full weights, that ``weak_labels`` calls low.
    """
    if recipe["selection"] == "last":
        return None
    per_case = _weak_score(objective) if recipe["selection"] == "weak_labels" else _dice
    patch_size, overlap = recipe["training"]["patch_size"], recipe["prediction"]["overlap"]

    @torch.no_grad()
    def score(network, share=slice(None)):
        total = 0.0
        device = next(network.parameters()).device
        for case in cases[share]:
            image = (torch.from_numpy(case["image"]).to(device) - case["mean"]) / case["std"]
            target = torch.from_numpy(case["target"]).to(device).float()[None, None]
            logits = blended(network, image, patch_size, overlap).float()
            total += float(per_case(logits, image[None, None], target))
        return total / len(cases)

    return score


def validation_steps(training):
    """Return the steps after which a recipe's ``training`` scores its network: in equal parts, and the last one."""
    steps, times = training["steps"], training["validations"]
    return sorted({round(k * steps / times) for k in range(1, times + 1)} - {0})


def _weak_score(objective):
    return lambda logits, image, target: -objective(logits, image, target)


def _dice(logits, image, target):
    """Return the Dice of [logit > 0] against a mask; 1 where both are empty."""
    predicted, mask = logits > 0, target > 0
    total = predicted.sum() + mask.sum()
    return 2 * (predicted & mask).sum() / total if total else 1.0


def _copied(weights):
    return {name: tensor.detach().cpu().clone() for name, tensor in weights.items()}
