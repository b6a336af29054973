"""Reports of the tiny grid: of a run in which a training failed, and Snakemake's own, without a network."""

import csv
import re
import shutil
import subprocess
import zipfile

import pytest
from tiny_grid import copy_of_the_repository, finished_run, snakemake, snakemake_command

pytestmark = pytest.mark.slow

CAUSE = """
    if "partial_ce" in args.recipe:
        raise UserError("no memory left; use a smaller patch")
"""


def test_a_failed_training_leaves_a_report_with_a_gap(tmp_path):
    folder = copy_of_the_repository(tmp_path / "copy")
    verb = folder / "src/weakseg3d/verbs/train.py"
    verb.write_text(verb.read_text(encoding="utf-8").replace('    """Train one model."""\n', CAUSE), encoding="utf-8")
    ran = snakemake(folder, "--cores", "2", "--keep-going")
    assert ran.returncode == 1
    assert "partial_report" in ran.stderr
    assert not (folder / "results/tiny/report.html").exists()
    finished_run(folder, "--cores", "2", "partial_report")
    page = (folder / "results/tiny/partial/report.html").read_text(encoding="utf-8")
    warned = re.search(r'id="warnings".*?</ul>', page, re.S)[0]
    assert "unfinished: 1 of 3 evaluations are missing" in warned
    (failed,) = re.findall("a job did not finish: (.*?)</li>", warned)
    assert "partial_ce_unet/seed-0.log ends with" in failed
    assert "no memory left; use a smaller patch" in failed
    with open(folder / "results/tiny/partial/tables/main.csv", encoding="utf-8") as stream:
        means = {row["method"]: row["dice_mean"] for row in csv.DictReader(stream)}
    assert list(means) == ["partial_ce_unet", "dense_unet", "truth"]
    assert (means["partial_ce_unet"], means["truth"]) == ("", "1.0000")
    assert means["dense_unet"] != ""


def test_snakemakes_own_report_is_made_without_a_network(tmp_path):
    folder = copy_of_the_repository(tmp_path / "copy")
    finished_run(folder, "--cores", "2")
    command = snakemake_command("--report", "snakemake-report.zip")
    if shutil.which("unshare") and not subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        command = ["unshare", "-n", *command]
    ran = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr
    with zipfile.ZipFile(folder / "snakemake-report.zip") as archive:
        names = {name.rpartition("/")[2] for name in archive.namelist()}
        page = archive.read("snakemake-report/report.html").decode()
    assert {"report.html", "main.csv", "cost.csv", "dice_boxplot.png", "spleen.png"} <= names
    assert not re.search(r"""(?:src|href)=["']https?:[^"']*\.(?:js|css)""", page)
    for text in ("Tables", "Figures", "Cases", "missed organs", "Experiment", "tiny"):
        assert text in page
