"""Somebody else's command as a process: its last words, what it leaves running, its memory, and its end with ours."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from weakseg3d.errors import UserError
from weakseg3d.external.environment import command_environment
from weakseg3d.external.process import run_command

SRC = Path(__file__).parents[2] / "src"


def run(code, **variables):
    return run_command([sys.executable, "-c", code], os.environ | variables, "method 'theirs', training")


def ends(pid):
    """Return whether a process ends within ten seconds; a zombie has, even if its parent has not asked about it."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.1)
    return False


def test_a_failure_repeats_the_exit_code_and_the_last_words(capsys):
    code = "print('loading', flush=True); import sys; print('no licence \\x1b[31mfound', file=sys.stderr); sys.exit(3)"
    with pytest.raises(UserError, match=r"^method 'theirs', training: 'python.*' ended with exit code 3") as caught:
        run(code)
    assert str(caught.value).endswith("its last words: no licence ?[31mfound")
    assert capsys.readouterr().err == "loading\nno licence \x1b[31mfound\n"


def test_a_command_that_is_killed_says_by_which_signal():
    with pytest.raises(UserError, match="was ended by signal 9; its last words: none"):
        run("import os; os.kill(os.getpid(), 9)")


def test_a_program_that_does_not_exist_is_named():
    with pytest.raises(UserError, match=r"'no-such-program' cannot be run \(No such file or directory\)"):
        run_command(["no-such-program"], os.environ, "method 'theirs', training")


def test_a_larger_process_before_it_does_not_count():
    subprocess.run([sys.executable, "-c", "bytearray(b'x') * 200_000_000"], check=True)
    assert run("import time; time.sleep(0.6)").peak_memory_mb < 100


def test_memory_is_the_sum_over_all_processes_at_the_same_time():
    """Two processes of 150 MB each, filled and held for two intervals."""
    hold = "import time; block = bytearray(b'x') * 150_000_000; time.sleep(1.6)"
    code = f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {hold!r}]); {hold}; child.wait()"
    usage = run(code)
    assert 290 < usage.peak_memory_mb < 400
    assert 1.6 <= usage.seconds < 30
    assert usage.device


def test_what_a_command_leaves_running_is_ended(tmp_path):
    place = tmp_path / "pid"
    code = (
        "import subprocess, sys, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(place)!r}).write_text(str(child.pid))"
    )
    start = time.monotonic()
    run(code)
    assert time.monotonic() - start < 60
    assert ends(int(place.read_text(encoding="utf-8")))


def test_the_command_ends_when_our_process_is_terminated(tmp_path):
    place = tmp_path / "pid"
    theirs = f"import os, time, pathlib; pathlib.Path({str(place)!r}).write_text(str(os.getpid())); time.sleep(600)"
    ours = (
        "import os, sys\nfrom weakseg3d.external.process import run_command\n"
        f"run_command([sys.executable, '-c', {theirs!r}], os.environ, 'x')"
    )
    process = subprocess.Popen([sys.executable, "-c", ours], env=os.environ | {"PYTHONPATH": str(SRC)})
    while not (place.exists() and place.read_text(encoding="utf-8")):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    assert ends(int(place.read_text(encoding="utf-8")))


def test_a_signal_that_arrives_at_once_leaves_nothing_running(tmp_path):
    """The command sends it while it starts, before anything could have been noted of it."""
    place = tmp_path / "pid"
    theirs = (
        "import os, time, pathlib, signal; os.kill(os.getppid(), signal.SIGTERM);"
        f" pathlib.Path({str(place)!r}).write_text(str(os.getpid())); time.sleep(600)"
    )
    ours = (
        "import os, sys, time\nfrom weakseg3d.external import process\n"
        "process.Memory = lambda *known: time.sleep(3)\n"
        f"process.run_command([sys.executable, '-c', {theirs!r}], os.environ, 'x')"
    )
    ran = subprocess.run([sys.executable, "-c", ours], env=os.environ | {"PYTHONPATH": str(SRC)}, timeout=120)
    assert ran.returncode == 128 + signal.SIGTERM
    assert ends(int(place.read_text(encoding="utf-8")))


def test_its_own_python_comes_first_and_none_of_our_files_is_imported(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/ours")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text('#!/bin/sh\necho theirs "$PYTHONPATH"; exit 1\n', encoding="utf-8")
    (tmp_path / "bin" / "python").chmod(0o755)
    variables = command_environment(str(tmp_path), activated=False, gpus=0)
    assert "PYTHONPATH" not in variables
    assert variables["CUDA_VISIBLE_DEVICES"] == ""
    with pytest.raises(UserError, match="its last words: theirs$"):
        run_command(["python"], variables, "x")


def test_without_an_environment_python_is_the_one_that_runs_this():
    code = "import sys; sys.exit(sys.prefix)"
    with pytest.raises(UserError, match=f"last words: {sys.prefix}$"):
        run_command(["python", "-c", code], command_environment(None, activated=False, gpus=1), "x")


def test_a_folder_without_programs_is_no_environment(tmp_path):
    with pytest.raises(UserError, match="not a Python environment, as it has no folder 'bin'"):
        command_environment(str(tmp_path), activated=False, gpus=1)
