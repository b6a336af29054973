"""docs/extend.md, followed to the letter: its files are written where it says, and the workflow runs them."""

import re
import shutil

import pandas as pd
import pytest
import yaml
from tiny_grid import PROJECT, copy_of_the_repository, finished_run, planned_jobs

from weakseg3d.experiment.presets import preset_changes
from weakseg3d.experiment.recipes import checked_method

PAGE = (PROJECT / "docs" / "extend.md").read_text(encoding="utf-8")
LESIONS = ["lesion_f1", "missed_lesions", "false_lesions", "lesion_dice"]
METRICS = ["dice", "hd95", "nsd", "assd", "false_positive_share", *LESIONS]


def files():
    """Return ``{path: content}`` of the files that the page shows; the path is the first name in the line above."""
    found = {}
    for match in re.finditer(r"\n([^\n]*)\n\n```(?:python|yaml)\n(.*?)```", PAGE, re.DOTALL):
        names = re.findall(r"`([\w/.]+\.(?:py|yaml))`", match[1])
        if names:
            found[names[-1] if "example" in match[1] else names[0]] = match[2]
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The tiny grid with everything that the page adds, run to its end."""
    folder = copy_of_the_repository(tmp_path_factory.mktemp("extended"))
    for path, content in files().items():
        if "hospital" not in path and path not in ("config/mine.yaml", "config/methods/three_slices.yaml"):
            (folder / path).write_text(content, encoding="utf-8")
    config = yaml.safe_load((folder / "tiny.yaml").read_text(encoding="utf-8"))
    config |= {"methods": ["mine", "balls", "my_kinds", "truth"], "overrides": {}, "report": {"metrics": METRICS}}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    finished_run(folder, "--cores", "2")
    return folder


def test_the_page_shows_every_kind_of_file():
    assert {"my_net.py", "my_loss.py", "config/methods/mine.yaml", "config/methods/balls.yaml"} <= {*files()}
    assert {"my_kinds.py", "config/methods/my_kinds.yaml"} <= {*files()}
    assert "src/weakseg3d/evaluation/metrics/false_positive_share.py" in files()
    assert {"src/weakseg3d/losses/tversky.py", "src/weakseg3d/pseudo_labels/ball.py"} <= {*files()}


def test_the_method_of_the_page_is_a_method():
    content = yaml.safe_load(files()["config/methods/three_slices.yaml"])
    assert checked_method(content, "three_slices.yaml")["training"]["steps"] == 360


def test_the_preset_of_the_page_is_a_preset(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = "config/presets/workstation.yaml"
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(files()[path], encoding="utf-8")
    assert list(preset_changes("workstation", ["pw4medseg", "dense_unet"])) == ["pw4medseg", "dense_unet"]


@pytest.mark.slow
def test_a_metric_of_ones_own_is_in_every_table(finished):
    tables = finished / "results/tiny/tables"
    main = pd.read_csv(tables / "main.csv")
    for metric in METRICS:
        assert f"{metric}_mean" in main
        assert f"hospital/spleen/{metric}_mean" in pd.read_csv(tables / "main_wide.csv")
    for table in ("comparisons", "against_best", "ranking"):
        assert set(pd.read_csv(tables / f"{table}.csv")["metric"]) == set(METRICS), table
    for suffix in ("md", "tex"):
        text = (tables / f"main.{suffix}").read_text(encoding="utf-8")
        for title in (
            "NSD",
            "ASSD (mm)",
            "False positives",
            "Lesion F1",
            "Missed lesions",
            "False lesions",
            "Lesion Dice",
        ):
            assert title in text
    page = (finished / "results/tiny/report.html").read_text(encoding="utf-8")
    assert "False positives ↓" in page
    assert "has the best" in page or "no method found" in page


@pytest.mark.slow
def test_the_mean_of_the_metric_is_the_share_outside(finished):
    """The truth has no false positives; where the reference is empty there is no evaluation here."""
    rows = pd.read_csv(finished / "results/tiny/tables/metrics.csv")
    share = rows[(rows["metric"] == "false_positive_share") & (rows["method"] == "truth")]["value"]
    precision = rows[(rows["metric"] == "precision") & (rows["method"] == "truth")]["value"]
    assert share.to_numpy() == pytest.approx(1 - precision.to_numpy(), abs=1e-6)
    assert len(share)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new", "jobs"),
    [
        ("src/weakseg3d/losses/tversky.py", "1e-6", "1e-5", {"train": 1}),
        ("src/weakseg3d/pseudo_labels/ball.py", "<= radius", "< radius", {"pseudo_label": 2, "train": 1}),
        ("src/weakseg3d/networks/unet3d.py", "lambda width: None", "lambda _: None", {}),
        ("src/weakseg3d/losses/focal.py", "0.25", "0.26", {}),
        ("src/weakseg3d/losses/tversky.py", "# nothing", "", {}),
        (
            "my_net.py",
            "nn.ReLU(), nn.Conv3d(width, width",
            "nn.ELU(), nn.Conv3d(width, width",
            {"train": 1, "recipe": 1},
        ),
        (
            "my_kinds.py",
            "<= radius",
            "< radius",
            {"annotate": 2, "perturb": 2, "pseudo_label": 2, "train": 1, "recipe": 1},
        ),
        ("src/weakseg3d/perturbations/noise.py", "seed: int = 0", "seed: int = 1", {}),
        ("src/weakseg3d/evaluation/metrics/jaccard.py", "definition=", "definition='' + ", {"evaluate": 4}),
    ],
)
def test_an_edit_runs_again_what_uses_it_alone(finished, tmp_path, file, old, new, jobs):
    copy = shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    text = (copy / file).read_text(encoding="utf-8")
    (copy / file).write_text(text.replace(old, new) if new else text + "\n# a comment\n", encoding="utf-8")
    watched = ("annotate", "perturb", "pseudo_label", "train", "recipe", "evaluate")
    repeated = {rule: n for rule, n in planned_jobs(copy).items() if rule in watched}
    assert repeated == jobs | ({"evaluate": 1} if "train" in jobs else {})


@pytest.mark.slow
def test_a_changed_file_of_ones_own_is_refused_by_predict(finished, tmp_path):
    from weakseg3d.cli import main

    copy = shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    model = next((copy / "results/tiny/7_models").rglob("mine/seed-0/model.pt"))
    image = next((copy / "results/tiny/3_isotropic").rglob("0003/image.nii.gz"))
    arguments = ["predict", "--model", str(model), "--image", str(image), "--out", str(tmp_path / "mask.nii.gz")]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(copy)
        assert main(arguments) == 0
        (tmp_path / "mask.nii.gz").unlink()
        with open("my_net.py", "a", encoding="utf-8") as stream:
            stream.write("# edited\n")
        assert main(arguments) == 2
    assert not (tmp_path / "mask.nii.gz").exists()
