"""Where every file of an experiment lies, from the constants of `weakseg3d.experiment.paths` and their docstrings."""

import ast
import inspect
from collections.abc import Iterator

from weakseg3d.experiment import paths
from weakseg3d.experiment.reference.schema_tables import cell

HEADING = """\
<!-- Written by `make reference`; edit src/weakseg3d/experiment/paths.py instead. -->
# Paths

Every file of an experiment lies in `results/{experiment}`, in a folder for each step.

| Part of a path | Stands for |
|---|---|
| `{experiment}` | the config's `experiment` |
| `{dataset}`, `{organ}`, `{method}`, `{seed}` | names and numbers of the config; a study's variant is a method |
| `{case}` | a case's id; with `batch: split`, `@` and a part of the split, for all its cases |
| `{kind}` | `image` or `label` |
| `{annotation}` | the kind of annotation and its parameters, as in `points_number-100`; `dense` for masks |
| `{pseudo_label}` | the kind of pseudo label and its parameters, as in `gaussian_sigma-12.0` |
| `{perturbation}` | the kind of perturbation and its parameters, as in `noise_std-0.1` |

An entry from a file of yours has `sha` among its parameters, a digest of that file: an edit leads to other paths, and
nothing old is taken for new.

| Name in the code | Path below `results/{experiment}` | What it is |
|---|---|---|
"""


def page() -> str:
    """Return the whole page."""
    rows = [f"| `{name}` | `{pattern}` | {cell(meaning)} |" for name, pattern, meaning in described()]
    return HEADING + "\n".join(rows) + "\n"


def described() -> Iterator[tuple[str, str, str]]:
    """Yield the name, the path in the folder of the experiment and the docstring of every pattern."""
    body = ast.parse(inspect.getsource(paths)).body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
            continue
        name = statement.targets[0].id
        pattern = getattr(paths, name)
        if isinstance(pattern, str) and pattern.startswith(paths.RESULTS + "/"):
            text = following.value if isinstance(following, ast.Expr) else None
            meaning = text.value if isinstance(text, ast.Constant) else ""
            yield name, paths.in_results(pattern).lstrip("/"), str(meaning).replace("``", "`")
