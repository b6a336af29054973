"""A content hash of the code behind a verb, so that a rule reruns when that code changes, and only then.

Snakemake's rerun triggers see a rule, not the modules it calls.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


@cache
def code_hash(verb):
    """Return a short hash of the module of ``verb`` and of every module of this package it imports, directly or not.

    Imports inside functions count. Files beside a module that are no Python (a template) count with it. The
    package's own ``__init__`` does not: a new version number alone changes no result.
    """
    digest = hashlib.sha256()
    for module in sorted(imported_modules(f"weakseg3d.verbs.{verb}")):
        path = module_path(module)
        beside = [p for p in path.parent.iterdir() if p.is_file() and p.suffix in (".jinja", ".css")]
        for file in [path, *sorted(beside)]:
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


@cache
def imported_modules(module):
    """Return the names of ``module`` and all modules of this package that it imports, directly or not."""
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name in found or name == "weakseg3d" or module_path(name) is None:
            continue
        found.add(name)
        waiting += _imports(module_path(name))
        waiting.append(name.rpartition(".")[0])
    return found


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_path(module):
    """Return the file of a module of this package, or None for any other name."""
    first, *rest = module.split(".")
    if first != "weakseg3d":
        return None
    base = PACKAGE.joinpath(*rest)
    candidates = [base / "__init__.py", base.with_suffix(".py")] if rest else [PACKAGE / "__init__.py"]
    return next((path for path in candidates if path.is_file()), None)
