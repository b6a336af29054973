"""A stand-in for LSF's bsub, bjobs and bkill: jobs run at once, on this host; their exit codes are kept in a folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path


def install(folder):
    """Write the three programs into ``folder``, which also keeps one folder per job."""
    folder.mkdir()
    for name in ("bsub", "bjobs", "bkill"):
        program = folder / name
        program.write_text(
            f'#!/bin/sh\nexec {sys.executable} {Path(__file__)} {folder} {name} "$@"\n', encoding="utf-8"
        )
        program.chmod(0o755)


def bsub(folder, arguments):
    """Start the script that ends ``arguments`` and keep the other ones."""
    number = str(len(list(folder.glob("*/arguments"))) + 1)
    (folder / number).mkdir()
    (folder / number / "arguments").write_text(" ".join(arguments[:-1]), encoding="utf-8")
    script = f"{arguments[-1]} > {folder / number}/said 2>&1; echo $? > {folder / number}/exit"
    started = subprocess.Popen(["sh", "-c", script], start_new_session=True, stdout=subprocess.DEVNULL)
    (folder / number / "process").write_text(str(started.pid), encoding="utf-8")
    print(f"Job <{number}> is submitted to queue <normal>.")


def bjobs(folder, arguments):
    """Print the state of the job that ends ``arguments``."""
    exit_code = folder / arguments[-1] / "exit"
    if not exit_code.exists() or not (code := exit_code.read_text(encoding="utf-8")):
        print("RUN")
    else:
        print("DONE" if code == "0\n" else "EXIT")


def bkill(folder, arguments):
    """Kill jobs with all their processes."""
    for number in arguments:
        os.killpg(int((folder / number / "process").read_text(encoding="utf-8")), signal.SIGKILL)
        (folder / number / "exit").write_text("130\n", encoding="utf-8")


if __name__ == "__main__":
    {"bsub": bsub, "bjobs": bjobs, "bkill": bkill}[sys.argv[2]](Path(sys.argv[1]), sys.argv[3:])
