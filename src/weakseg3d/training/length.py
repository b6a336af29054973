"""The length of a training in steps, once the number of its training volumes is known."""

from collections.abc import Mapping
from typing import Any


def steps_per_epoch(training: Mapping[str, Any], volumes: int) -> int:
    """Return the steps of one epoch of a recipe's ``training`` entry: a pass over ``volumes``, and the extra steps."""
    # A whole step more where the volumes of a step do not divide them.
    return -(-volumes // training["volumes_per_step"]) + training["extra_steps_per_epoch"]


def in_steps(training: Mapping[str, Any], volumes: int) -> dict[str, Any]:
    """Return a recipe's ``training`` entry with everything that it counts in epochs counted in steps.

    The result trains the same network from the same ``volumes``, and is a valid entry that no longer names epochs.
    """
    length = steps_per_epoch(training, volumes)
    result = {key: value for key, value in training.items() if key != "epochs"} | {"extra_steps_per_epoch": 0}
    if "epochs" in training:
        result["steps"] = training["epochs"] * length
    schedule = dict(training["schedule"])
    if epochs := schedule.pop("warmup_epochs", 0):
        schedule["warmup_steps"] = epochs * length
    result["schedule"] = schedule
    if training["validations"] == "every_epoch":
        result["validations"] = {"every_steps": length}
    return result
