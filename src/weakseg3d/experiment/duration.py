"""How long an experiment's trainings take without a GPU, so that nobody waits weeks for a table unwarned."""

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from weakseg3d.experiment.experiment import Experiment
from weakseg3d.training.length import in_steps

SECONDS_PER_MEGAVOXEL = {
    "ptn": 0.38,
    "unetr": 0.27,
    "unet2d5": 0.14,
    "attention_unet": 0.28,
    "unet3d": 0.23,
    "unet": 0.25,
    "dual_branch_unet": 0.51,
}
"""Forward and backward pass on two cores, per million voxels and per channel of the finest level.

Measured with the sizes in the methods' files (``python benchmarks/cpu_steps.py``). Two runs beside other work differed
by up to a factor of 1.6, and narrower networks take up to twice as long per channel: they give the order of magnitude.
"""
WIDTHS = ("feature_size", "base_features", "channels")
"""Parameters of networks that hold the number of channels of the finest level, or of all levels from the finest on."""
SPEAKS_FROM = 24 * 3600
"""Seconds of training from which `slow_without_gpu` has something to say."""


def slow_without_gpu(experiment: Experiment) -> str | None:
    """Return a sentence if the experiment's trainings take more than a day on two cores, and None if they do not.

    Programs and networks of the user's own count as nothing, and so do validations and predictions: it is the least to
    expect.
    """
    seconds: dict[str, float] = defaultdict(float)
    for dataset, method in _trainings(experiment):
        organs = experiment.datasets[dataset].organs
        annotations = sum(len(experiment.annotations_of(method, dataset, organ)) for organ in organs)
        count = annotations * len(experiment.seeds)
        seconds[method] += count * _seconds(experiment, dataset, method)
    total = sum(seconds.values())
    if total < SPEAKS_FROM:
        return None
    slowest, longest = max(seconds.items(), key=lambda item: item[1])
    remedy = "" if experiment.preset else "; 'preset: cpu' in the config gives the methods sizes for a CPU"
    return (
        f"there is no GPU: on two cores, training takes about {_days(total)}, of which {slowest} takes {_days(longest)}"
        f"{remedy}"
    )


def _trainings(experiment: Experiment) -> list[tuple[str, str]]:
    """Return dataset and method of every different training of one organ and seed."""
    wanted = [name for name in experiment.shown if experiment.is_trained(name)]
    methods = dict.fromkeys(model for name in wanted for model in experiment.trained_for(name))
    return [(dataset, method) for dataset in experiment.datasets for method in methods]


def _seconds(experiment: Experiment, dataset: str, method: str) -> float:
    recipe = experiment.methods[method]
    if "external" in recipe:
        return 0
    training = in_steps(recipe["training"], len(experiment.datasets[dataset].cases("train")))
    voxels = math.prod(training["patch_size"]) * training["volumes_per_step"] * training["patches_per_volume"]
    # A distillation trains the networks of its students, both at once.
    trained = [recipe] if "network" in recipe else [experiment.methods[name] for name in experiment.students(method)]
    rate = sum(_seconds_per_megavoxel(each["network"]) for each in trained)
    return rate * voxels / 1e6 * training["steps"]


def _seconds_per_megavoxel(network: Mapping[str, Any]) -> float:
    if "file" in network:
        return 0
    ((name, parameters),) = network.items()
    width = next((parameters[key] for key in WIDTHS if key in parameters), 1)
    return SECONDS_PER_MEGAVOXEL.get(name, 0) * (width[0] if isinstance(width, list) else width)


def _days(seconds: float) -> str:
    days = seconds / 86400
    return f"{days:,.0f} days" if days >= 2 else f"{seconds / 3600:,.0f} hours"
