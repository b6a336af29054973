"""Every process gets a device of its own, freed when it ends or dies; the devices are pretended."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from weakseg3d.devices import NO_GPU, own_device

SRC = Path(__file__).parents[2] / "src"

HOLD = """
import sys, time
from pathlib import Path
from weakseg3d.devices import devices, own_device
with own_device(devices(), Path(sys.argv[1]), int(sys.argv[2])) as name:
    print(name, flush=True)
    sys.stdin.read()
"""


class Pool:
    """Processes that each hold a device until they are told to end."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []

    def start(self, visible, sharing=1):
        environment = os.environ | {"PYTHONPATH": str(SRC), "CUDA_VISIBLE_DEVICES": visible}
        command = [sys.executable, "-c", HOLD, str(self.folder), str(sharing)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.processes.append(subprocess.Popen(command, env=environment, text=True, **pipes))
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
    """Return the device a process holds; wait until it has one."""
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


def test_a_device_is_free_after_its_block(tmp_path):
    for _ in range(2):
        with own_device(["a"], tmp_path) as name:
            assert name == "a"


def run(*arguments, **variables):
    """Run ``python -m weakseg3d.devices`` with an argument that the verb does not know."""
    environment = os.environ | {"PYTHONPATH": str(SRC)} | variables
    command = [sys.executable, "-m", "weakseg3d.devices", "effort", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_without_a_gpu_there_is_a_notice_and_the_verb_runs():
    ran = run("--help", CUDA_VISIBLE_DEVICES="")
    assert ran.returncode == 0
    assert NO_GPU in ran.stderr
    assert "--annotations" in ran.stdout


def test_the_verbs_exit_code_is_passed_on(tmp_path):
    ran = run("--wrong", CUDA_VISIBLE_DEVICES="0", TMPDIR=str(tmp_path))
    assert ran.returncode == 2
    assert NO_GPU not in ran.stderr


def test_a_schedulers_choice_is_not_shared_again(tmp_path):
    (tmp_path / f"weakseg3d-devices-{os.getuid()}").mkdir()
    with own_device(["0"], tmp_path / f"weakseg3d-devices-{os.getuid()}"):
        assert run("--help", CUDA_VISIBLE_DEVICES="0", SLURM_JOB_ID="7", TMPDIR=str(tmp_path)).returncode == 0
