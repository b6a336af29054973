"""A stand-in for apptainer where no image can be fetched: jobs run in what the Dockerfile installs, and nothing else.

An image is a text file that names a prefix, made by venv and by the Dockerfile's own ``pip install``. A command sees
that prefix and the system's programs, no variable of the caller's. What it does not do is hide the host's files.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path


def install(folder):
    """Write ``apptainer`` into ``folder/bin``; ``folder/executions`` will note the image of each call."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    (programs / "apptainer").write_text(
        f'#!/bin/sh\nexec {sys.executable} {__file__} {folder} "$@"\n', encoding="utf-8"
    )
    (programs / "apptainer").chmod(0o755)


def build(project, prefix, image):
    """Make the image of the Dockerfile in ``project``: its last ``RUN`` in a fresh environment at ``prefix``."""
    dockerfile = (project / "Dockerfile").read_text(encoding="utf-8")
    (command,) = re.findall(r"^RUN PIP_NO_CACHE_DIR=1 /opt/weakseg3d/(.*) python$", dockerfile, re.M)
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
    subprocess.run([project / command, f"{prefix}/bin/python"], check=True)
    image.write_text(str(prefix), encoding="utf-8")


def answer(folder, arguments):
    """Do what ``apptainer ARGUMENTS`` does, as far as Snakemake needs it."""
    if arguments == ["--version"]:
        print("apptainer version 1.3.4")
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["exec"])
    parser.add_argument("--home")
    parser.add_argument("--nv", action="store_true")
    parser.add_argument("--bind", action="append")
    parser.add_argument("image", type=Path)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    given = parser.parse_args(arguments)
    with open(folder / "executions", "a", encoding="utf-8") as executions:
        executions.write(f"{given.image}\n")
    prefix = given.image.read_text(encoding="utf-8")
    environment = {"PATH": f"{prefix}/bin:/usr/bin:/bin", "HOME": given.home}
    os.execvpe(given.command[0], given.command, environment)


if __name__ == "__main__":
    answer(Path(sys.argv[1]), sys.argv[2:])
