"""Power cuts: whatever is killed, whenever, one command goes on, and the tables are those of an undisturbed run.

`make test-kills` runs it.
"""

import shutil
import subprocess
from base64 import b64encode
from contextlib import suppress

import numpy as np
import psutil
import pytest
from tiny_grid import copy_of_the_repository, digests, finished_run, snakemake, snakemake_command, tables

pytestmark = pytest.mark.slow

KILLS = 30
SEED = 7
RUN = ["--cores", "2"]
LATEST = 9.0
"""Seconds after Snakemake's start within which a kill strikes."""


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """A copy of the repository in which nothing has run; every other copy is made of it."""
    folder = copy_of_the_repository(tmp_path_factory.mktemp("grid") / "copy", steps=120, checkpoint_every=5)
    return folder


@pytest.fixture(scope="module")
def undisturbed(grid, tmp_path_factory):
    """The folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed") / "copy"
    shutil.copytree(grid, folder)
    finished_run(folder, *RUN)
    return folder


def started(folder, **options):
    """Start the run in a session of its own and return its process."""
    with (folder / "said.txt").open("a") as said:
        return psutil.Popen(
            snakemake_command(*RUN), cwd=folder, stdout=said, stderr=said, start_new_session=True, **options
        )


def whole_outputs(folder, names):
    """Return ``{name: (inode, time)}`` of the files among ``names`` that Snakemake holds for whole."""
    results = folder / "results" / "tiny"
    recorded = {path.name for path in (folder / ".snakemake/metadata").rglob("*") if path.is_file()}
    incomplete = {path.name for path in (folder / ".snakemake/incomplete").rglob("*") if path.is_file()}
    whole = {}
    for name in names:
        path, record = results / name, record_name(f"results/tiny/{name}")
        if path.exists() and record in recorded and record not in incomplete:
            status = path.stat()
            whole[name] = status.st_ino, status.st_mtime_ns
    return whole


def record_name(output):
    """Return the file name of Snakemake's record of an output."""
    return b64encode(output.encode(), b"@-").decode()


def end(process):
    with suppress(psutil.NoSuchProcess):
        process.kill()


def strike(run, aim, random):
    """Kill by SIGKILL what ``aim`` says of a run: its Snakemake, one of its jobs' processes, or all of them."""
    jobs = run.children(recursive=True)
    if aim == "job":
        jobs = [jobs[random.integers(len(jobs))]] if jobs else []
    for process in {"snakemake": [run], "job": jobs, "everything": [run, *jobs]}[aim]:
        end(process)


def test_thirty_kills_change_no_byte(grid, undisturbed, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(grid, folder)
    reference = digests(undisturbed)
    random = np.random.default_rng(SEED)
    kills, whole = 0, {}
    while kills < KILLS:
        run, before = started(folder), kills
        while kills < KILLS and not run_ended_within(run, random.uniform(0.5, LATEST)):
            strike(run, random.choice(["snakemake", "everything", "job"]), random)
            kills += 1
        run.wait()
        now = whole_outputs(folder, reference)
        assert whole.items() <= now.items(), f"made anew before kill {kills}"
        whole = now
        if run.returncode == 0:
            assert tables(folder) == tables(undisturbed)
            for state in ("results", ".snakemake"):
                shutil.rmtree(folder / state)
            whole = {}
        else:
            assert kills > before, (folder / "said.txt").read_text(encoding="utf-8")[-5000:]
    finished_run(folder, *RUN)
    assert whole.items() <= whole_outputs(folder, reference).items()
    assert tables(folder) == tables(undisturbed)
    assert digests(folder) == reference


def run_ended_within(run, seconds):
    """Return whether a run ends by itself within ``seconds``."""
    try:
        run.wait(seconds)
    except psutil.TimeoutExpired:
        return False
    return True


@pytest.fixture
def disk(grid, tmp_path):
    """A disk of its own that holds a copy of the grid, and 64 MB more; as ``disk.mount(option)`` changes it."""
    disk = Disk(tmp_path / "disk")
    disk.folder.mkdir()
    mounted = disk.mount("size=64m")
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a disk in memory: {mounted.stderr.strip()}")
    shutil.copytree(grid, disk.folder / "copy")
    yield disk
    subprocess.run(["umount", "--lazy", disk.folder], check=True)


class Disk:
    """A disk in memory."""

    def __init__(self, folder):
        self.folder, self.mounted = folder, False

    def mount(self, option):
        """Mount the disk, or mount it anew, with an option of tmpfs."""
        options = f"remount,{option}" if self.mounted else option
        self.mounted = True
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        return subprocess.run(command, capture_output=True, encoding="utf-8")

    def used(self):
        """Return the bytes in use."""
        usage = shutil.disk_usage(self.folder)
        return usage.total - usage.free


def test_a_full_disk_is_gone_on_from_once_there_is_room(disk, undisturbed):
    folder = disk.folder / "copy"
    disk.mount(f"size={disk.used() + 600_000}")
    ended = snakemake(folder, *RUN)
    assert ended.returncode != 0
    assert "No space left on device" in ended.stdout + ended.stderr
    whole = whole_outputs(folder, digests(undisturbed))
    assert whole
    disk.mount("size=64m")
    finished_run(folder, *RUN)
    assert whole.items() <= whole_outputs(folder, digests(undisturbed)).items()
    assert digests(folder) == digests(undisturbed)


def test_a_read_only_disk_loses_nothing(disk, undisturbed):
    folder = disk.folder / "copy"
    finished_run(folder, *RUN, "--until", "resample")
    whole = whole_outputs(folder, digests(undisturbed))
    disk.mount("ro")
    ended = snakemake(folder, *RUN)
    assert ended.returncode != 0
    assert "Read-only file system" in ended.stdout + ended.stderr
    disk.mount("rw")
    finished_run(folder, *RUN)
    assert whole.items() <= whole_outputs(folder, digests(undisturbed)).items()
    assert digests(folder) == digests(undisturbed)


def test_a_second_snakemake_is_turned_away_and_harms_nothing(grid, undisturbed, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(grid, folder)
    first = started(folder)
    assert not run_ended_within(first, 12)
    second = snakemake(folder, *RUN)
    assert second.returncode != 0
    assert "cannot be locked" in second.stdout + second.stderr
    assert first.wait() == 0
    assert digests(folder) == digests(undisturbed)
