#!/bin/sh
# Installs the locked packages into the environment of a Python: envs/install.sh PYTHON. Each file must have a hash of the
# lock. The two packages that exist as source alone are built by the setuptools of the lock.
set -eu
python=$1
root=$(cd "$(dirname "$0")/.." && pwd)
install() { "$python" -m pip install --quiet --no-deps --require-hashes --no-build-isolation --requirement "$1"; }

build=$(mktemp)
trap 'rm -f "$build"' EXIT
awk '/^[^ ]/ { wanted = /^setuptools==/ } wanted' "$root/requirements.lock" > "$build"
install "$build"
# Where pip finds no CPU build of torch, PyPI's build is taken.
install "$root/requirements-cpu.lock" 2> /dev/null || true
install "$root/requirements.lock"
# PyPI's torch for Linux needs NVIDIA's libraries, a CPU build does not.
if "$python" "$root/envs/needs_cuda.py"; then install "$root/requirements-cuda.lock"; fi
