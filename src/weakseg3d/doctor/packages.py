"""Which of the packages that pyproject.toml asks for are installed."""

import importlib
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from weakseg3d.files import PROJECT


@cache
def wanted() -> dict[str, Any]:
    """Return ``{package: packaging's Requirement}`` of everything in pyproject.toml, its optional groups included.

    Raises ImportError where packaging itself is not installed.
    """
    requirement = importlib.import_module("packaging.requirements").Requirement
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return {one.name: one for one in (requirement(line) for group in groups for line in group)}


def problem(package: str) -> str | None:
    """Return what is wrong with a package: that it is missing, or has another version than is wanted; None if neither.

    Packages that pyproject.toml does not name may have any version.
    """
    try:
        found = version(package)
        requirement = wanted().get(package)
    except PackageNotFoundError:
        return package
    except ImportError:  # On a bare Python, only what is there can be told.
        return None
    if requirement is None or requirement.specifier.contains(found, prereleases=True):
        return None
    return f"{package}{requirement.specifier} (here it is {found})"
