"""Every process gets devices of its own, freed when it ends or dies; the devices are pretended."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from weakseg3d.jobs.devices import devices_wanted, own_devices

SRC = Path(__file__).parents[2] / "src"

HOLD = """
import sys, time
from pathlib import Path
from weakseg3d.jobs.devices import devices, own_devices
with own_devices(devices(), int(sys.argv[3]), Path(sys.argv[1]), int(sys.argv[2])) as names:
    print(",".join(names), flush=True)
    sys.stdin.read()
"""


class Pool:
    """Processes that each hold devices until they are told to end."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []

    def start(self, visible, sharing=1, number=1):
        environment = os.environ | {"PYTHONPATH": str(SRC), "CUDA_VISIBLE_DEVICES": visible}
        command = [sys.executable, "-c", HOLD, str(self.folder), str(sharing), str(number)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.processes.append(subprocess.Popen(command, env=environment, encoding="utf-8", **pipes))
        return self.processes[-1]


@pytest.fixture
def pool(tmp_path):
    pool = Pool(tmp_path)
    yield pool
    for process in pool.processes:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def device(process):
    """Return the devices a process holds; wait until it has them."""
    return process.stdout.readline().strip()


def test_two_processes_get_two_devices(pool):
    assert {device(pool.start("GPU-a,GPU-b")), device(pool.start("GPU-a,GPU-b"))} == {"GPU-a", "GPU-b"}


@pytest.mark.parametrize("end", ["ends", "is killed"])
def test_a_third_waits_until_one_ends_or_dies(pool, end):
    first, second = pool.start("a,b"), pool.start("a,b")
    held = device(first), device(second)
    third = pool.start("a,b")
    time.sleep(1)
    os.set_blocking(third.stdout.fileno(), False)
    assert not third.stdout.readline()
    os.set_blocking(third.stdout.fileno(), True)
    if end == "ends":
        second.stdin.close()
    else:
        second.kill()
    assert device(third) == held[1]


def test_sharing_takes_free_devices_first(pool):
    held = [device(pool.start("a,b", sharing=2)) for _ in range(4)]
    assert sorted(held[:2]) == sorted(held[2:]) == ["a", "b"]


def test_jobs_of_two_devices_take_turns(pool):
    """Six of them start at once and none waits for ever, each holding the device that another one lacks."""
    waiting = [pool.start("a,b,c", number=2) for _ in range(6)]
    for process in waiting:
        os.set_blocking(process.stdout.fileno(), False)
    end = time.monotonic() + 30
    while waiting and time.monotonic() < end:
        held = {process: names for process in waiting if (names := device(process))}
        assert len(held) <= 1, "three devices are not enough for two of them"
        for process, names in held.items():
            assert names in ("a,b", "a,c", "b,c")
            process.stdin.close()
            process.wait()
            waiting.remove(process)
        time.sleep(0.02)
    assert not waiting


def test_a_job_of_two_shared_devices_gets_two_different_ones(pool):
    held = [device(pool.start("a,b", sharing=2, number=2)) for _ in range(2)]
    assert held == ["a,b", "a,b"]


def test_a_device_is_free_after_its_block(tmp_path):
    for _ in range(2):
        with own_devices(["a"], 1, tmp_path) as names:
            assert names == ["a"]


def test_a_training_takes_as_many_devices_as_its_recipe_says(tmp_path):
    recipe = {
        "method": "test",
        "spacing": 1.0,
        "intensity": {"window": [0, 1]},
        "network": {"unet": {"channels": [2, 4, 8]}},
        "loss": {"dice_ce": {}},
        "training": {"patch_size": [16, 16, 16], "steps": 1, "optimizer": {"adamw": {}}},
    }
    for number in (1, 2):
        recipe["training"]["devices"] = number
        (tmp_path / "recipe.yaml").write_text(json.dumps(recipe), encoding="utf-8")
        assert devices_wanted(["train", "--cases", "cases.csv", "--recipe", str(tmp_path / "recipe.yaml")]) == number
    assert devices_wanted(["train", "--recipe", str(tmp_path / "nowhere.yaml")]) == 1
    assert devices_wanted(["predict", "--model", "model.pt"]) == 1


def run(*arguments, **variables):
    """Run ``python -m weakseg3d.jobs.devices`` with an argument that the verb does not know."""
    environment = os.environ | {"PYTHONPATH": str(SRC)} | variables
    command = [sys.executable, "-m", "weakseg3d.jobs.devices", "effort", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8")


def test_without_a_gpu_the_verb_runs():
    ran = run("--help", CUDA_VISIBLE_DEVICES="")
    assert ran.returncode == 0
    assert "--annotations" in ran.stdout


def test_the_verbs_exit_code_is_passed_on(tmp_path):
    ran = run("--wrong", CUDA_VISIBLE_DEVICES="0", TMPDIR=str(tmp_path))
    assert ran.returncode == 2


def test_a_schedulers_choice_is_not_shared_again(tmp_path):
    (tmp_path / f"weakseg3d-devices-{os.getuid()}").mkdir()
    with own_devices(["0"], 1, tmp_path / f"weakseg3d-devices-{os.getuid()}"):
        assert run("--help", CUDA_VISIBLE_DEVICES="0", SLURM_JOB_ID="7", TMPDIR=str(tmp_path)).returncode == 0


def test_a_device_whose_name_has_slashes_is_taken(tmp_path):
    """So the drivers before R470 call the parts of a GPU."""
    name = "MIG-GPU-b8ea3855-276c-c9cb-b366-c6fa655957c5/1/5"
    with own_devices([name], 1, tmp_path) as names:
        assert names == [name]
    assert run("--help", CUDA_VISIBLE_DEVICES=name).returncode == 0


@pytest.mark.parametrize("number", ["", "two", "0", "-1", "1.5", "9" * 5000, "²"])
def test_a_wrong_number_of_jobs_per_device_is_named(number):
    ran = run("--help", CUDA_VISIBLE_DEVICES="0", WEAKSEG3D_JOBS_PER_GPU=number)
    assert ran.returncode == 2
    assert "WEAKSEG3D_JOBS_PER_GPU is '" in ran.stderr
    assert "Traceback" not in ran.stderr
