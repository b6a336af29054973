"""The environment is built without a network from the folder of wheels that ``docs/offline.md`` tells to fill."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs/offline.md").read_text(encoding="utf-8")
ALONE = ["unshare", "--net"]
"""Starts a program that reaches no network; only some users may."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("unshare") or subprocess.run([*ALONE, "true"], capture_output=True).returncode != 0,
        reason="may not start a program without a network (unshare --net)",
    ),
]


def test_the_environment_comes_from_the_folder_of_wheels_alone(tmp_path):
    for part in ("Makefile", "pyproject.toml", "README.md", *(lock.name for lock in PROJECT.glob("*.lock"))):
        shutil.copy(PROJECT / part, tmp_path / part)
    shutil.copytree(PROJECT / "envs", tmp_path / "envs")
    shutil.copytree(PROJECT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    fills = re.findall(r"^python3 (-m pip download .*)$", PAGE, re.M)
    assert len(fills) == 2
    for fill in fills:
        # A machine without a GPU; the page tells what to put in the place of CUDA's packages.
        command = [sys.executable, *fill.replace("cuda", "cpu").split()]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (build,) = re.findall(r"^(PIP_NO_INDEX.* make) demo$", PAGE, re.M)
    command = f"{build} PYTHON={sys.executable} .venv/.installed"
    ran = subprocess.run([*ALONE, "bash", "-c", command], cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr[-3000:]
    snakemake = tmp_path / ".venv/bin/snakemake"
    assert subprocess.check_output([snakemake, "--version"], encoding="utf-8").startswith("9.")
