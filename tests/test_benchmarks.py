"""Every benchmark runs from start to end, at a tiny size at which its figures say nothing."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
SCRIPTS = sorted(
    path.stem for path in (PROJECT / "benchmarks").glob("*.py") if path.stem not in ("measure", "simulation")
)
NUMBER = re.compile(r"\d+\.\d+|\d{2,}")


# One process for all: importing torch takes longer than anything tiny.
RUN_ALL = """
import contextlib, io, json, runpy, sys, traceback
folder, *scripts = sys.argv[1:]
sys.path.insert(0, folder)
printed = {}
for script in scripts:
    sys.argv = [script]
    with contextlib.redirect_stdout(io.StringIO()) as stream:
        try:
            runpy.run_path(f"{folder}/{script}.py", run_name="__main__")
            printed[script] = [stream.getvalue(), ""]
        except BaseException:
            printed[script] = [stream.getvalue(), traceback.format_exc()]
print(json.dumps(printed))
"""


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What each script printed, and the traceback with which it ended, if any."""
    folder = tmp_path_factory.mktemp("benchmarks")
    environment = os.environ | {"WEAKSEG3D_TINY_BENCHMARKS": "1", "PYTHONPATH": ""}
    # On a busy machine, two threads wait for each other at every short operation.
    environment["OMP_NUM_THREADS"] = "1"
    command = [sys.executable, "-c", RUN_ALL, str(PROJECT / "benchmarks"), *SCRIPTS]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert list(folder.iterdir()) == []
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("script", SCRIPTS)
def test_runs(printed, script):
    said, error = printed[script]
    assert not error
    assert NUMBER.search(said), said
    assert "nan" not in said


def test_make_benchmarks_names_scripts_that_exist():
    (listed,) = re.findall(r"for script in ([\w ]+);", (PROJECT / "Makefile").read_text(encoding="utf-8"))
    # cpu_steps is where the workflow's estimates come from, and suggest_order is a study; neither measures a ratio.
    assert set(listed.split()) == set(SCRIPTS) - {"cpu_steps", "suggest_order"}
