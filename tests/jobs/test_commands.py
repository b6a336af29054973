"""The command of a job: the verb alone, or for every case of a batch, and on a device where it needs one."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.jobs.code_hash import code_hash
from weakseg3d.jobs.commands import Commands

DEMO = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text(encoding="utf-8"))
DEMO |= {"datasets": {"phantom_mr": ["liver"]}}


class Wildcards(SimpleNamespace):
    def get(self, name):
        return getattr(self, name, None)


def command(verb, case=None, **changes):
    commands = Commands("/my src", "python", load_experiment(DEMO | changes))
    wildcards = Wildcards(dataset="phantom_mr", **({"case": case} if case else {}))
    return verb(commands)(wildcards, input=["in put.json"], output=["out.json"])


def split(commands):
    return commands.verb("split")


def test_a_job_of_one_case_runs_the_verb():
    assert command(split, "7", batch="case") == "PYTHONPATH='/my src' python -m weakseg3d split"


def test_a_job_of_a_batch_runs_the_verb_for_each_of_its_cases():
    assert command(split, "@test", batch="split") == (
        "PYTHONPATH='/my src' python -m weakseg3d batch --cases 7 8 9 10 --read 'in put.json' --write out.json"
        f" --name @test --code {code_hash('split')} split"
    )


def test_a_job_without_a_case_is_no_batch():
    assert command(split, batch="split") == "PYTHONPATH='/my src' python -m weakseg3d split"


@pytest.mark.parametrize(
    ("accelerator", "start"),
    [
        ("cpu", "CUDA_VISIBLE_DEVICES= PYTHONPATH='/my src' python -m weakseg3d train"),
        ("gpu", "PYTHONPATH='/my src' python -m weakseg3d.jobs.devices train"),
        ("auto", "PYTHONPATH='/my src' python -m weakseg3d.jobs.devices train"),
    ],
)
def test_a_training_gets_a_device_of_its_own_or_none(accelerator, start):
    assert command(lambda commands: commands.verb_on_device("train"), accelerator=accelerator) == start
