"""A study that chooses among settings, through the whole workflow."""

import csv
import hashlib
import re
from fractions import Fraction

import pytest
from tiny_grid import change_config, copy_of_the_repository, finished_run, planned_jobs, snakemake

RATES = {"frozen": 1e-6, "quick": 0.05}
RATE = {name: {"training": {"optimizer": {"adamw": {"learning_rate": rate}}}} for name, rate in RATES.items()}
SETTINGS = {"partial_ce_unet": {"rate": RATE}, "unet_pseudo": {"rate": RATE}}
CLICKS = {"seven": {"annotation": {"points": {"number": 7, "background": 7}}}}
STUDY = {"methods": list(SETTINGS), "factors": {"clicks": CLICKS}, "select": {"settings": SETTINGS}}


def tuned_copy(folder):
    copy_of_the_repository(folder, steps=15)
    training = {"patch_size": [16, 16, 16], "steps": 15}
    small = {"network": {"unet": {"channels": [2, 4, 8]}}, "training": training}
    change_config(folder, methods=["truth"], study=STUDY, overrides=dict.fromkeys(SETTINGS, small))
    split = "case,split\n0001,train\n0002,validation\n0003,test\n"
    (folder / "config/splits/hospital.csv").write_text(split, encoding="utf-8")
    return folder


def dice(path):
    """Return Dice at the annotated voxels of the only validation case, from the recorded numbers of voxels."""
    with open(path, encoding="utf-8") as stream:
        (row,) = csv.DictReader(stream)
    assert row["case"] == "0002"
    organ, found, wrong = (int(row[name]) for name in ("organ", "found", "wrong"))
    return Fraction(2 * found, organ + found + wrong)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
def test_test_cases_are_segmented_with_the_setting_of_the_best_recorded_score(tmp_path):
    folder = tuned_copy(tmp_path)
    finished_run(folder, "--cores", "2")
    results = folder / "results/tiny"
    with open(results / "tables/tried.csv", encoding="utf-8") as stream:
        tried = list(csv.DictReader(stream))
    with open(results / "tables/study.csv", encoding="utf-8") as stream:
        shown = {row["method"]: row for row in csv.DictReader(stream)}
    for method, keys in SETTINGS.items():
        (variant,) = results.glob(f"7_models/hospital/spleen/*/{method}+clicks-seven/seed-0")
        settings = [f"rate-{level}" for level in keys["rate"]]
        trials = {setting: variant.parents[1] / f"{method}+clicks-seven+{setting}" / "seed-0" for setting in settings}
        scores = {setting: dice(trial / "scores.csv") for setting, trial in trials.items()}
        best = max(settings, key=lambda setting: scores[setting])  # the first of equal ones
        rows = [row for row in tried if row["method"] == variant.parent.name]
        assert [(row["setting"], row["dice"]) for row in rows] == [(s, f"{float(scores[s]):.4f}") for s in settings]
        assert [row["setting"] for row in rows if row["chosen"] == "yes"] == [best]
        for file in ("model.pt", "run.json", "losses.csv"):
            assert digest(variant / file) == digest(trials[best] / file)
        assert (shown[method]["setting"], shown[method]["n_tried"]) == (best, "2")
    predicted = {path.parents[1].name for path in results.glob("8_predictions/hospital/spleen/*/*/*/*.nii.gz")}
    assert predicted == {"truth", *(f"{method}+clicks-seven" for method in SETTINGS)}, "no trial segments a test case"
    assert 'id="tried"' in (results / "report.html").read_text(encoding="utf-8")
    assert not planned_jobs(folder), "a second run has nothing to do"
    # Another value of one setting: it alone is trained and scored again, and its variant alone chooses again.
    slower = {"rate": RATE | {"quick": {"training": {"optimizer": {"adamw": {"learning_rate": 0.01}}}}}}
    change_config(folder, study=STUDY | {"select": {"settings": SETTINGS | {"unet_pseudo": slower}}})
    planned = planned_jobs(folder)
    repeated = {
        rule: planned.get(rule) for rule in ("recipe", "train", "validate", "select", "predict", "pseudo_label")
    }
    assert repeated == {"recipe": 1, "train": 1, "validate": 1, "select": 1, "predict": 1, "pseudo_label": None}


@pytest.mark.slow
def test_unequal_chances_end_the_run_in_one_sentence_before_anything_is_written(tmp_path):
    folder = tuned_copy(tmp_path)
    unequal = {"unet_pseudo": {"rate": RATE | {"preset": {}}}}
    change_config(folder, study=STUDY | {"select": {"settings": SETTINGS | unequal}})
    refused = snakemake(folder, "--cores", "1")
    assert refused.returncode == 2
    (sentence,) = re.findall(r"^weakseg3d: (.*)$", refused.stderr, re.MULTILINE)
    assert "tries 2 settings of 'partial_ce_unet' and 3 settings of 'unet_pseudo'; give every method" in sentence
    assert not (folder / "results").exists()
