"""A stand-in for conda where no channel can be reached: environments of the same versions, made by venv and pip.

It understands what Snakemake asks of conda. Every package of an environment's YAML is installed from PyPI at the
version given there, what these need in turn at the lock file's, into a fresh prefix. ``bin/activate`` beside it notes
each activation in ``activations``.
"""

import json
import subprocess
import sys
from pathlib import Path

import yaml

PYPI_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib", "seaborn-base": "seaborn"}

ACTIVATE = """\
echo "$1" >> {folder}/activations
export CONDA_PREFIX="$1" PATH="$1/bin:$PATH"
"""


def install(folder, lock):
    """Write ``conda`` and ``activate`` into ``folder/bin``; ``lock`` is a requirements file."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    command = f'exec {sys.executable} {Path(__file__)} {lock} {folder} "$@"'
    (programs / "conda").write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
    (programs / "conda").chmod(0o755)
    (programs / "activate").write_text(ACTIVATE.format(folder=folder), encoding="utf-8")


def answer(lock, folder, arguments):
    """Do what ``conda ARGUMENTS`` does, as far as Snakemake needs it."""
    if arguments == ["--version"]:
        print("conda 25.1.0")
    elif arguments == ["info", "--json"]:
        print(json.dumps({"conda_prefix": folder, "platform": "linux-64"}))
    elif arguments == ["config", "--get", "channel_priority", "--json"]:
        print(json.dumps({"get": {"channel_priority": "strict"}}))
    elif arguments[:2] == ["env", "create"]:
        create(lock, arguments[arguments.index("--file") + 1], arguments[arguments.index("--prefix") + 1])
    elif arguments[0] != "clean":  # pip keeps no archives that could be cleaned
        sys.exit(f"the stand-in does not know: conda {' '.join(arguments)}")


def create(lock, file, prefix):
    """Make the environment of the YAML ``file`` in the new folder ``prefix``."""
    dependencies = yaml.safe_load(Path(file).read_text(encoding="utf-8"))["dependencies"]
    versions = dict(dependency.split("=") for dependency in dependencies)
    python = versions.pop("python")
    found = "{}.{}".format(*sys.version_info)
    if python != found:
        sys.exit(f"the stand-in has Python {found}, not {python}")
    packages = [f"{PYPI_NAMES.get(name, name)}=={version}" for name, version in versions.items()]
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
    # The pins without their hashes, as pip may choose another build of torch here.
    pins = [line.split(" ")[0] for line in Path(lock).read_text(encoding="utf-8").splitlines() if line[:1].isalpha()]
    constraints = Path(prefix) / "pins.txt"
    constraints.write_text("\n".join(pins), encoding="utf-8")
    subprocess.run(
        [f"{prefix}/bin/python", "-m", "pip", "install", "--quiet", "--constraint", constraints, *packages], check=True
    )


if __name__ == "__main__":
    answer(sys.argv[1], sys.argv[2], sys.argv[3:])
