"""The reference as Markdown, made from the schemas, the registries and the code: ``make reference`` writes it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from weakseg3d.experiment.reference import long_table, methods, paths, schemas, verbs
from weakseg3d.files import PROJECT, whole_file

PAGES: dict[str, Callable[[], str]] = {
    "reference.md": methods.page,
    "reference/config.md": partial(schemas.page, "config"),
    "reference/dataset.md": partial(schemas.page, "dataset"),
    "reference/preset.md": partial(schemas.page, "preset"),
    "reference/recipe.md": partial(schemas.page, "recipe"),
    "reference/verbs.md": verbs.page,
    "reference/paths.md": paths.page,
    "reference/long-table.md": long_table.page,
}
"""What writes each page below ``docs/``."""


def write(folder: Path = PROJECT / "docs") -> None:
    """Write all pages into a folder."""
    for name, page in PAGES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with whole_file(folder / name) as partial_file:
            partial_file.write_text(page(), encoding="utf-8")
