"""The programs in ``external/`` as modules, though they are not part of the package."""

import importlib.util
from pathlib import Path

EXTERNAL = Path(__file__).parents[2] / "external"


def adapter_of(name):
    """Return the module ``external/{name}/adapter.py``."""
    specification = importlib.util.spec_from_file_location(f"{name}_adapter", EXTERNAL / name / "adapter.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
