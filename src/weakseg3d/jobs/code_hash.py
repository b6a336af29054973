"""A content hash of the code behind a verb, so that a rule reruns when that code changes, and only then.

Snakemake's own rerun triggers watch the rule, not the modules that it calls.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


@cache
def code_hash(verb: str, also: tuple[str, ...] = ()) -> str:
    """Return a short hash of the module of ``verb`` and of all modules of this package that it needs.

    ``also`` names modules that it loads by name: the networks, losses, pseudo labels and annotations that a recipe
    chooses. All others of their kind do not count.

    Comments, docstrings and layout do not count. Imports inside functions do, and so do templates and style sheets that
    lie beside a module. The package's own ``__init__`` does not: a new version number alone changes no result.
    """
    digest = hashlib.sha256()
    modules = imported_modules(f"weakseg3d.verbs.{verb}")
    for module in also:
        modules = modules | imported_modules(module)
    for _, path in sorted(modules.items()):
        beside = [p for p in path.parent.iterdir() if p.is_file() and p.suffix in (".jinja", ".css")]
        digest.update(path.name.encode() + statements(path).encode())
        for file in sorted(beside):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


@cache
def statements(path: Path) -> str:
    """Return the code of a file without comments, docstrings and layout."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                setattr(node, field, [statement for statement in block if not _is_text(statement)])
    return ast.dump(tree)


def _is_text(statement: ast.stmt) -> bool:
    """Return whether a statement is a mere text: a docstring, or one that explains the constant above it."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
        return False
    return isinstance(statement.value.value, str)


@cache
def imported_modules(module: str) -> dict[str, Path]:
    """Return ``{name: file}`` of ``module`` and of all modules of this package that it imports, even indirectly."""
    modules: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = module_path(name)
        if path is None or name in modules or name == "weakseg3d":
            continue
        modules[name] = path
        waiting += _imports(path)
        waiting.append(name.rpartition(".")[0])
    return modules


@cache
def _imports(path: Path) -> list[str]:
    """Return every dotted name that a file imports; some are functions, not modules."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def module_path(module: str) -> Path | None:
    """Return the file of a module of this package, or None for any other name."""
    first, *rest = module.split(".")
    if first != "weakseg3d":
        return None
    base = PACKAGE.joinpath(*rest)
    candidates = [base / "__init__.py", base.with_suffix(".py")] if rest else [PACKAGE / "__init__.py"]
    return next((path for path in candidates if path.is_file()), None)
