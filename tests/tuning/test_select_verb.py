"""The verb ``select``: the best of several trained settings, in a folder of its own."""

from pathlib import Path

import pytest

from weakseg3d.cli import main

HEADER = "case,organ,background,found,wrong\n"
SCORES = {
    "narrow": "1,10,10,6,2\n2,10,10,8,0\n",  # 12/18 and 16/18, mean 7/9
    "middle": "1,10,10,9,3\n2,10,10,9,3\n",  # 18/22 twice, mean 9/11
    "wide": "1,10,10,10,10\n2,10,10,10,10\n",  # 20/30 twice, mean 2/3
}


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Trainings of three settings, whose files are only what their names say."""
    monkeypatch.chdir(tmp_path)
    for name, rows in SCORES.items():
        Path(name).mkdir()
        for file in ("model.pt", "run.json", "losses.csv"):
            Path(name, file).write_text(f"{file} of {name}", encoding="utf-8")
        write_scores(name, rows)
    return tmp_path


def write_scores(name, rows):
    Path(name, "scores.csv").write_text(HEADER + rows, encoding="utf-8")


def select(*names, out="chosen"):
    scores = [f"{name}/scores.csv" for name in names]
    models = [f"{name}/model.pt" for name in names]
    label = ["method=m", "seed=0"]
    command = [
        "select",
        "--settings",
        *names,
        "--scores",
        *scores,
        "--models",
        *models,
        "--out",
        out,
        "--label",
        *label,
    ]
    return main(command)


def test_the_best_setting_is_copied_and_all_are_listed(trained):
    assert select("narrow", "middle", "wide") == 0
    for file in ("model.pt", "run.json", "losses.csv"):
        assert Path("chosen", file).read_text(encoding="utf-8") == f"{file} of middle"
    assert Path("chosen/tried.csv").read_text(encoding="utf-8").splitlines() == [
        "method,seed,setting,cases,dice,chosen",
        "m,0,narrow,2,0.777778,no",
        "m,0,middle,2,0.818182,yes",
        "m,0,wide,2,0.666667,no",
    ]


@pytest.mark.parametrize("order", [("middle", "narrow"), ("narrow", "middle")])
def test_of_equal_scores_the_first_setting_is_chosen(trained, order):
    write_scores("narrow", SCORES["middle"])
    assert select(*order) == 0
    assert Path("chosen/run.json").read_text(encoding="utf-8") == f"run.json of {order[0]}"


def test_a_setting_without_finite_probabilities_counts_as_tried_and_is_not_chosen(trained):
    write_scores("middle", "1,10,10,9,3\n2,10,10,,\n")
    assert select("narrow", "middle", "wide") == 0
    rows = Path("chosen/tried.csv").read_text(encoding="utf-8").splitlines()
    assert rows[1:] == ["m,0,narrow,2,0.777778,yes", "m,0,middle,2,,no", "m,0,wide,2,0.666667,no"]


def refused(capsys):
    """Return the one sentence of a refusal that left nothing behind."""
    assert not Path("chosen").exists()
    message = capsys.readouterr().err
    assert message.startswith("weakseg3d select: ")
    assert message.count("\n") == 1
    return message


def test_nothing_is_chosen_where_no_setting_has_a_score(trained, capsys):
    for name in ("narrow", "wide"):
        write_scores(name, "1,10,10,,\n")
    assert select("narrow", "wide") == 2
    assert "narrow/scores.csv: neither this setting nor any other of the 2" in refused(capsys)


def test_nothing_is_chosen_from_fewer_settings_than_were_to_be_tried(trained, capsys):
    Path("wide/scores.csv").unlink()
    assert select("narrow", "wide") == 2
    assert "wide/scores.csv" in refused(capsys)


def test_settings_that_were_scored_on_other_labels_are_not_compared(trained, capsys):
    write_scores("wide", "1,10,10,10,0\n2,9,10,9,0\n")
    assert select("narrow", "wide") == 2
    assert "wide/scores.csv: setting 'wide' was scored on other labels than 'narrow'" in refused(capsys)


def test_labels_without_background_choose_nothing(trained, capsys):
    for name in ("narrow", "wide"):
        write_scores(name, "1,10,0,10,0\n")
    assert select("narrow", "wide") == 2
    assert "no voxel of its labels is known to be background" in refused(capsys)


def test_a_training_that_lacks_a_file_is_not_copied_by_halves(trained, capsys):
    Path("middle/run.json").unlink()
    assert select("narrow", "middle") == 2
    assert "middle/run.json" in refused(capsys)


def test_what_is_not_ours_is_not_replaced(trained, capsys):
    Path("chosen").mkdir()
    Path("chosen/model.pt").write_text("mine", encoding="utf-8")
    assert select("narrow", "wide") == 2
    assert "chosen/model.pt: already exists and was not made by weakseg3d" in capsys.readouterr().err
    assert [path.name for path in Path("chosen").iterdir()] == ["model.pt"]


def test_a_second_selection_replaces_the_first(trained):
    assert select("narrow", "wide") == select("wide", "middle") == 0
    assert Path("chosen/model.pt").read_text(encoding="utf-8") == "model.pt of middle"


def test_every_setting_needs_scores_and_a_model(trained, capsys):
    command = "select --settings a b --scores narrow/scores.csv --models narrow/model.pt wide/model.pt --out chosen"
    assert main(command.split()) == 2
    assert "2 --settings, 1 --scores and 2 --models" in refused(capsys)
