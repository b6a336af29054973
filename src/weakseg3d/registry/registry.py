"""The choices of one kind that a recipe may name: one file each in a folder of this package, or a file of the user's.

A file of the package is an entry if it defines a function of its own name: ``networks/unet.py`` with ``unet``. In
recipes, underscores are written as dashes where the registry says so.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT
from weakseg3d.registry.parameters import Rule
from weakseg3d.registry.signatures import (
    REQUIRED,
    Argument,
    Signature,
    call_with_known,
    definitions,
    read_signature,
)

PACKAGE = PROJECT / "src" / "weakseg3d"


@dataclass(frozen=True)
class Entry:
    """One choice: the function (or class) ``function`` of the file ``path``, with its `Signature`.

    ``inputs`` are the arguments that the program gives it; all others are parameters of the recipe.
    """

    name: str
    path: Path
    function: str
    signature: Signature
    inputs: tuple[str, ...]

    @property
    def meaning(self) -> str:
        """Return what the entry is, in one sentence."""
        return self.signature.meaning

    @property
    def parameters(self) -> dict[str, Argument]:
        """Return the parameters of the recipe, in the order of the signature."""
        return {name: each for name, each in self.signature.arguments.items() if name not in self.inputs}

    def takes(self, name: str) -> bool:
        """Return whether the function asks for the input ``name``."""
        return name in self.signature.arguments

    def json_schema(self) -> dict[str, Any]:
        """Return what a recipe may say of the entry's parameters, as JSON Schema."""
        parameters = self.parameters
        required = [name for name, each in parameters.items() if each.default is REQUIRED]
        return {
            "description": self.meaning,
            "type": "object",
            "additionalProperties": self.signature.open,
            "properties": {name: each.json_schema() for name, each in parameters.items()},
            **({"required": required} if required else {}),
        }

    def with_defaults(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the ``values`` of a recipe and the defaults of all other parameters, including those of None."""
        defaults = {name: each.default for name, each in self.parameters.items() if each.default is not REQUIRED}
        return defaults | dict(values)

    def check_rules(self, values: Mapping[str, Any], source: str | Path, key: str) -> None:
        """Raise UserError, naming ``source``, if ``values`` break a rule between parameters; ``key`` leads to them."""
        complete = self.with_defaults(values)
        for name, argument in self.parameters.items():
            for rule in (note for note in argument.notes if isinstance(note, Rule)):
                if not call_with_known(rule.holds, complete):
                    raise UserError(f"{source}: {key}.{name} {rule.requirement}; correct one of them")

    def load(self) -> Callable[..., Any]:
        """Return the function itself, which runs its file."""
        if self.path.is_relative_to(PACKAGE):
            module = importlib.import_module(
                ".".join(("weakseg3d", *self.path.relative_to(PACKAGE).with_suffix("").parts))
            )
            return getattr(module, self.function)
        spec = importlib.util.spec_from_file_location(self.path.stem, self.path)
        if spec is None or spec.loader is None:
            raise UserError(f"{self.path}: not a file of Python; give it a name that ends in .py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return getattr(module, self.function)


class Registry:
    """The entries in ``folder`` of this package, which messages call ``kind``; ``inputs`` as in `Entry`."""

    def __init__(self, folder: str, kind: str, inputs: Sequence[str], dashes: bool = False) -> None:
        self.folder = PACKAGE / folder
        self.kind = kind
        self.inputs = tuple(inputs)
        self.dashes = dashes

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Return all entries by their name in a recipe, in alphabetical order."""
        files = [path for path in sorted(self.folder.glob("*.py")) if path.stem in definitions(path)]
        found = [self.of_file(path, path.stem) for path in files]
        return {entry.name: entry for entry in found}

    def of_file(self, path: Path, function: str) -> Entry:
        """Return the entry for a ``function`` of a file, which may be the user's own.

        Raises UserError if the file does not define it.
        """
        name = function.replace("_", "-") if self.dashes else function
        return Entry(name, path, function, read_signature(path, function), self.inputs)

    def json_schema(self) -> dict[str, Any]:
        """Return a choice ``{name: {parameter: value}}`` among the entries as JSON Schema."""
        return {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {name: entry.json_schema() for name, entry in self.entries.items()},
        }
