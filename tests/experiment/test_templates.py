"""The YAML files that `new` writes: valid as they are, explained by the schemas, and never in place of another file."""

import pytest
import yaml

from weakseg3d.cli import main
from weakseg3d.datasets.description import load_dataset
from weakseg3d.experiment.from_config import config_schema, load_experiment
from weakseg3d.experiment.method_schema import method_schema
from weakseg3d.experiment.recipes import load_method
from weakseg3d.experiment.templates import TEMPLATES, WIDTH, text
from weakseg3d.schemas import schema


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_new_dataset_is_valid(tmp_path, capsys):
    assert main(["new", "dataset", "hospital"]) == 0
    assert "dataset check hospital" in capsys.readouterr().out
    dataset = load_dataset("hospital")
    assert dataset["organs"] == {"spleen": [1]}
    assert dataset["split"] == "config/splits/hospital.csv"
    assert [path.name for path in tmp_path.rglob("*.yaml")] == ["hospital.yaml"]


def test_a_new_method_is_valid_and_checked_as_it_says(capsys):
    assert main(["new", "method", "mine"]) == 0
    (command,) = [line.partition("python -m weakseg3d ")[2] for line in capsys.readouterr().out.splitlines()]
    assert command == "method check config/methods/mine.yaml"
    assert main(command.split()) == 0
    assert load_method("mine")["training"]["steps"] == 360


def test_a_new_experiment_is_valid_and_may_use_what_is_new():
    assert main(["new", "method", "mine"]) == 0
    assert main(["new", "experiment", "first"]) == 0
    with open("config/first.yaml", encoding="utf-8") as stream:
        config = yaml.safe_load(stream)
    assert load_experiment(config).name == "first"
    assert "mine" in load_experiment(config | {"methods": ["mine"]}).methods


@pytest.mark.parametrize("kind", TEMPLATES)
def test_every_key_of_the_schema_is_there_and_its_default_can_be_uncommented(kind):
    rules = {"dataset": schema("dataset"), "method": method_schema(), "experiment": config_schema()}[kind]["properties"]
    written = text(kind, "mine")
    content = yaml.safe_load(written)
    others = {key: rule for key, rule in rules.items() if key not in content}
    assert others
    lines = written.splitlines()
    for key, rule in others.items():
        (line,) = [line for line in lines if line.startswith(f"# {key}: ")]
        if "default" in rule:
            assert yaml.safe_load(line.removeprefix("# ")) == {key: rule["default"]}
    assert max(map(len, lines)) <= max(WIDTH, 120)
    # Comments are the schemas' own words.
    assert (
        rules["organs" if kind == "dataset" else "supervision" if kind == "method" else "spacing"]["description"][:20]
        in written
    )


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_file_that_exists_is_not_replaced(tmp_path, capsys, kind):
    path = TEMPLATES[kind].folder / "mine.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("mine: yes\n", encoding="utf-8")
    assert main(["new", kind, "mine"]) == 2
    error = capsys.readouterr().err
    assert f"{path}: exists already and is not replaced" in error
    assert error.count("\n") == 1
    assert path.read_text(encoding="utf-8") == "mine: yes\n"
    assert len(list(path.parent.iterdir())) == 1


def test_a_link_to_nowhere_is_not_replaced_either(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/mine.yaml").symlink_to("nowhere")
    assert main(["new", "experiment", "mine"]) == 2
    assert (tmp_path / "config/mine.yaml").is_symlink()


@pytest.mark.parametrize(
    ("kind", "name"), [("dataset", "btcv"), ("method", "paseg"), ("experiment", "paper"), ("experiment", "config")]
)
def test_names_of_the_repository_are_taken(tmp_path, capsys, kind, name):
    assert main(["new", kind, name]) == 2
    assert "the repository has one of this name" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../mine", "", "a b", "-x", "mine.yaml", "über", "a\nb", "x" * 300])
def test_other_names_are_rejected(tmp_path, capsys, name):
    try:
        code = main(["new", "method", name])
    except SystemExit as stopped:  # A name that begins with a dash is an option.
        code = stopped.code
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.rglob("*.yaml")) == []


@pytest.mark.parametrize("name", ["on", "123", "1.5", "null"])
def test_names_that_yaml_would_take_for_something_else_stay_text(name):
    assert yaml.safe_load(text("experiment", name))["experiment"] == name
