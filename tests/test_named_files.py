"""Files by name: the current folder's come before the repository's."""

import shutil

import pytest
import yaml

from weakseg3d.errors import UserError
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.files import PROJECT
from weakseg3d.named_files import named_file, names, sought_file, takes_precedence, taking_precedence


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder that is the current one, with a method that the repository has, too, and one of its own."""
    (tmp_path / "config/methods").mkdir(parents=True)
    for name in ("dense", "mine"):
        shutil.copy(PROJECT / "config/methods/dense.yaml", tmp_path / f"config/methods/{name}.yaml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_current_folder_comes_first(here):
    assert named_file("methods", "mine") == here / "config/methods/mine.yaml"
    assert named_file("methods", "dense") == here / "config/methods/dense.yaml"
    assert named_file("methods", "truth") == PROJECT / "config/methods/truth.yaml"
    assert {"dense", "mine", "truth"} <= set(names("methods"))


def test_only_another_content_takes_the_place_of_the_repositorys(here):
    own = here / "config/methods/dense.yaml"
    assert taking_precedence("methods", ["dense", "mine"]) == []
    own.write_text(own.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    assert taking_precedence("methods", ["dense", "mine"]) == [own]
    assert taking_precedence("methods", ["truth"]) == []


def test_so_it_is_with_splits(here):
    split = here / "config/splits/btcv.csv"
    split.parent.mkdir()
    assert sought_file("config/splits/btcv.csv") == PROJECT / "config/splits/btcv.csv"
    shutil.copy(PROJECT / "config/splits/btcv.csv", split)
    assert sought_file("config/splits/btcv.csv") == split
    assert not takes_precedence(split)
    split.write_text("case,split\n0001,train\n0002,test\n", encoding="utf-8")
    assert takes_precedence(split)
    assert not takes_precedence(PROJECT / "config/splits/btcv.csv")


def test_a_split_of_the_repository_can_be_named_from_elsewhere(here):
    config = yaml.safe_load((PROJECT / "config/config.yaml").read_text(encoding="utf-8"))
    (name, organs), *_ = config["datasets"].items()
    config |= {"datasets": {name: organs}, "methods": ["truth"], "splits": {name: "config/splits/btcv.csv"}}
    entry = load_experiment(config).datasets[name]
    assert entry.split_path == PROJECT / "config/splits/btcv.csv"
    (here / "config/splits").mkdir()
    (here / "config/splits/btcv.csv").write_text("case,split\n0001,train\n0002,test\n", encoding="utf-8")
    assert load_experiment(config).datasets[name].split == {"0001": "train", "0002": "test"}


def test_what_is_nowhere_is_sought_in_both_places(here):
    with pytest.raises(UserError) as raised:
        named_file("methods", "nobody")
    assert str(raised.value).endswith(f"(in {here}/config/methods or {PROJECT}/config/methods)")
    with pytest.raises(UserError) as raised:
        sought_file("config/splits/nobody.csv")
    assert str(raised.value) == f"config/splits/nobody.csv: no such file in {here} or {PROJECT}; check the path"


def test_the_repository_itself_is_named_once(monkeypatch):
    monkeypatch.chdir(PROJECT)
    with pytest.raises(UserError) as raised:
        named_file("datasets", "nobody")
    assert str(raised.value).endswith(f"(in {PROJECT}/config/datasets)")
    assert taking_precedence("methods", ["dense"]) == []
    assert not takes_precedence(PROJECT / "config/splits/btcv.csv")
