"""Presets lie between the published settings and a config's overrides; trainings too long for a CPU are announced."""

import re
from pathlib import Path

import pytest
import yaml

from weakseg3d.errors import UserError
from weakseg3d.experiment.duration import slow_without_gpu
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.options import footer
from weakseg3d.experiment.recipes import load_method

CONFIG = Path(__file__).parents[2] / "config"
METHODS = sorted(path.stem for path in (CONFIG / "methods").glob("*.yaml"))
TRAINED = [name for name in METHODS if "training" in load_method(name)]


def experiment(**changes):
    config = {"experiment": "e", "datasets": {"phantom_ct": ["spleen"]}, "methods": ["pw4medseg"], "spacing": 5.0}
    return load_experiment(config | changes)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a preset of the user's own, from which Snakemake is started."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config" / "presets").mkdir(parents=True)

    def write(content, name="mine"):
        path = tmp_path / "config" / "presets" / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")

    return write


def test_the_published_method_is_what_a_config_without_a_preset_gets():
    method = experiment().methods["pw4medseg"]
    assert method == load_method("pw4medseg")
    assert method["training"]["epochs"] == 3500
    assert method["network"]["ptn"]["hidden_size"] == 768


def test_overrides_lie_over_a_preset_and_a_preset_over_the_file():
    method = experiment(preset="cpu", overrides={"pw4medseg": {"training": {"steps": 7}}}).methods["pw4medseg"]
    assert method["training"]["steps"] == 7
    assert method["network"]["ptn"]["hidden_size"] == 96
    assert method["training"]["augmentation"]["scale_intensity"] == 0.1
    epochs = experiment(preset="cpu", overrides={"pw4medseg": {"training": {"epochs": 2}}}).methods["pw4medseg"]
    assert epochs["training"]["epochs"] == 2
    assert "steps" not in epochs["training"]


def test_first_stages_and_studies_have_the_preset_too():
    study = {"methods": ["paseg"], "factors": {"margin": {"5": {"annotation": {"seven-points": {"margin": 5.0}}}}}}
    methods = experiment(methods=["dense"], preset="cpu", study=study).methods
    assert all("epochs" not in method["training"] for method in methods.values())
    assert methods["paseg_stage1+margin-5"]["network"]["unet2d5"]["levels"] == 4


@pytest.mark.parametrize("name", TRAINED)
def test_the_preset_for_a_cpu_has_every_method_of_the_repository(name):
    """Otherwise, a single method would train for weeks in a run of minutes."""
    assert slow_without_gpu(experiment(methods=[name], preset="cpu")) is None


def test_the_footer_names_the_preset():
    assert footer(experiment(preset="cpu"))["preset"].startswith("cpu (sha256 ")
    assert footer(experiment())["preset"].startswith("none")


def test_a_preset_of_ones_own(here):
    here({"description": "mine", "methods": {"pw4medseg": {"training": {"steps": 9}}}})
    loaded = experiment(preset="mine")
    assert loaded.methods["pw4medseg"]["training"]["steps"] == 9
    assert "epochs" not in loaded.methods["pw4medseg"]["training"]


def test_a_copy_in_ones_own_folder_comes_first_and_is_announced(here):
    here({"description": "mine", "methods": {"pw4medseg": {"training": {"steps": 9}}}}, name="cpu")
    loaded = experiment(preset="cpu")
    assert loaded.methods["pw4medseg"]["training"]["steps"] == 9
    assert [path.name for path in loaded.own_files()] == ["cpu.yaml"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"description": "a", "methods": {"pw4medsec": {}}}, "unknown method in config/presets/mine.yaml 'pw4medsec'"),
        (
            {"description": "a", "methods": {"pw4medseg": {"trainin": {}}}},
            "mine.yaml, pw4medseg: .*'trainin'",
        ),
        ({"description": "a", "methods": {"pw4medseg": {"training": {"steps": 0}}}}, "mine.yaml, pw4medseg: .*steps"),
        ({"description": "a", "method": {}}, "mine.yaml: .*'method'"),
        ({"methods": {"pw4medseg": {}}}, "mine.yaml: .*'description'"),
    ],
)
def test_a_mistake_in_a_preset_is_named(here, content, sentence):
    here(content)
    with pytest.raises(UserError, match=sentence):
        experiment(preset="mine")


@pytest.mark.parametrize("name", ["cpuu", "../cpu", "a b"])
def test_an_unknown_preset_is_an_error(name):
    with pytest.raises(UserError):
        experiment(preset=name)


def test_weeks_of_training_without_a_gpu_are_announced():
    assert "'preset: cpu'" in slow_without_gpu(experiment())
    # A step per volume and epoch, four patches of 96 voxels, 0.38 seconds per million voxels and channel, 16 channels.
    cases = len(experiment().datasets["phantom_ct"].cases("train"))
    days = 3500 * cases * 4 * 96**3 / 1e6 * 0.38 * 16 / 86400
    assert f"about {days:,.0f} days" in slow_without_gpu(experiment())
    twice = slow_without_gpu(experiment(seeds=[0, 1]))
    assert f"about {2 * days:,.0f} days" in twice
    long = {"pw4medseg": {"training": {"steps": 10**6}}}
    assert "preset" not in slow_without_gpu(experiment(preset="cpu", overrides=long))


SMALL_PATCHES = {
    "description": "Small.",
    "over": "cpu",
    "methods": {"pw4medseg": {"training": {"patch_size": [16] * 3}}},
}


def test_a_preset_can_be_laid_over_another(here):
    here(SMALL_PATCHES)
    method = experiment(preset="mine").methods["pw4medseg"]
    assert method["training"]["patch_size"] == [16, 16, 16]
    assert method["network"]["ptn"]["hidden_size"] == 96
    below = experiment(preset="mine", methods=["dense_unet"]).methods
    assert below == experiment(preset="cpu", methods=["dense_unet"]).methods


def test_the_footer_names_every_preset_by_its_content(here):
    here(SMALL_PATCHES)
    named = footer(experiment(preset="mine"))["preset"]
    assert re.fullmatch(
        r"mine \(sha256 [0-9a-f]{12}\) over cpu \(sha256 [0-9a-f]{12}\) over the settings of the methods' files", named
    )


def test_a_lower_preset_of_the_current_folder_is_announced(here):
    here({key: value for key, value in SMALL_PATCHES.items() if key != "over"}, "cpu")
    assert [path.name for path in experiment(preset="quick").own_files()] == ["cpu.yaml"]


def test_a_preset_over_itself_is_refused(here):
    here(SMALL_PATCHES | {"over": "other"})
    here(SMALL_PATCHES | {"over": "mine"}, "other")
    with pytest.raises(UserError, match=r"presets/other.yaml: over: 'mine' leads back to this preset; name"):
        experiment(preset="mine")
