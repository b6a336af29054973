"""The workflow as a Snakemake module of another one, under its own name and under another, from another folder."""

import os
import shutil
import subprocess
import sys

import pytest
from tiny_grid import copy_of_the_repository

SNAKEFILE = """\
configfile: "grid.yaml"


module {name}:
    snakefile:
        "{workflow}/Snakefile"
    config:
        config


use rule * from {name} as {prefix}*
"""


def ours(tmp_path):
    """Return a copy of the repository, and a folder beside it with the tiny grid's config and data."""
    copy = copy_of_the_repository(tmp_path / "copy")
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.move(copy / "tiny.yaml", folder / "grid.yaml")
    shutil.move(copy / "scans", folder / "scans")
    return copy, folder


def snakemake(folder, *arguments):
    """Run Snakemake in ``folder`` and return what it printed."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    ran = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", env=os.environ)
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-3000:]
    return ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("name", "prefix", "target"),
    [
        ("weakseg3d", "", "8_predictions/hospital/spleen/none/truth/seed-0/0003.nii.gz"),
        ("weakseg3d", "weakseg3d_", "tables/provenance.json"),
        ("other_name", "ours_", "report.html"),
    ],
)
def test_another_workflow_uses_it(tmp_path, name, prefix, target):
    copy, folder = ours(tmp_path)
    text = SNAKEFILE.format(name=name, workflow=copy / "workflow", prefix=prefix)
    (folder / "Snakefile").write_text(text, encoding="utf-8")
    assert f"{prefix}train" in snakemake(folder, "--dry-run", "--cores", "1")
    snakemake(folder, "--cores", "2", f"results/tiny/{target}")
    assert (folder / "results/tiny" / target).is_file()
    assert not (copy / "results").exists()
