"""Exits with 0 if the installed torch needs NVIDIA's libraries on this machine, otherwise with 1."""

import sys
from importlib.metadata import requires

from packaging.requirements import Requirement

needed = [Requirement(line) for line in requires("torch") or ()]
cuda = [each for each in needed if each.name.startswith(("nvidia-", "cuda-")) and "extra" not in str(each.marker)]
sys.exit(not any(each.marker is None or each.marker.evaluate() for each in cuda))
