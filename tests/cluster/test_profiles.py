"""The profiles of clusters name every rule there is, and the same groups."""

import re
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
PROFILE, GENERIC = (
    yaml.safe_load((PROJECT / f"workflow/profiles/{name}/config.yaml").read_text(encoding="utf-8"))
    for name in ("slurm", "generic")
)
RULE = re.compile(r"^(?:use rule \w+ as (\w+) with|rule (\w+)):\n((?:(?:[ #].*)?\n)+)", re.M)


def submitted_rules():
    """Return the names of all rules but those that Snakemake runs where it is itself."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((PROJECT / "workflow").glob("**/*.smk"))]
    found = [match.groups() for text in texts for match in RULE.finditer(text)]
    return [derived or rule for derived, rule, body in found if "localrule: True" not in body]


def test_rules_are_found():
    assert {"train", "distill", "resample", "report"} <= set(submitted_rules())
    assert not {"recipe", "gather_metrics"} & set(submitted_rules())


@pytest.mark.parametrize("rule", submitted_rules())
def test_memory_and_run_time_of_every_rule_grow_with_the_attempt(rule):
    resources = PROFILE["set-resources"][rule]
    assert all(str(resources[key]).startswith("attempt * ") for key in ("mem_mb", "runtime"))


def test_only_rules_that_exist_are_named():
    assert (PROFILE["set-resources"].keys() | PROFILE["groups"].keys()) <= set(submitted_rules())


def test_every_group_says_how_much_it_takes():
    assert set(PROFILE["groups"].values()) == PROFILE["group-components"].keys()


def test_the_generic_profile_groups_and_grows_alike():
    for key in ("groups", "group-components", "cores", "resources", "set-resource-scopes"):
        assert GENERIC[key] == PROFILE[key]
    for rule, resources in PROFILE["set-resources"].items():
        shared = ("mem_mb", "runtime", "gpu", "predictions")
        assert {key: GENERIC["set-resources"][rule].get(key) for key in shared} == {k: resources.get(k) for k in shared}


@pytest.mark.parametrize("profile", [PROFILE, GENERIC])
def test_a_training_may_be_given_several_gpus(profile):
    """A limit of GPUs for one submission would cut down what a training asks for."""
    assert "gpu" not in profile["resources"]
    assert profile["set-resources"]["predict"]["predictions"] == profile["resources"]["predictions"]
    assert profile["set-resource-scopes"] == {"predictions": "local"}


def test_the_executors_are_pinned():
    pins = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    for profile in (PROFILE, GENERIC):
        assert f"\nsnakemake-executor-plugin-{profile['executor']}==" in pins
