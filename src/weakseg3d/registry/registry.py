"""The choices of one kind that a recipe may name: one file each in a folder of this package, or a file of the user's.

A file of the package is an entry if it defines a function of its own name: ``networks/unet.py`` with ``unet``. In
recipes, underscores are written as dashes where the registry says so.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT
from weakseg3d.registry import own_files
from weakseg3d.registry.parameters import Rule
from weakseg3d.registry.signatures import (
    REQUIRED,
    Argument,
    Signature,
    call_with_known,
    definitions,
    read_signature,
)
from weakseg3d.schemas import choose

SOURCE = PROJECT / "src"


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
        meaning = self.signature.meaning.removeprefix("Return ")
        return meaning[:1].upper() + meaning[1:]

    @property
    def parameters(self) -> dict[str, Argument]:
        """Return the parameters of the recipe, in the order of the signature."""
        return {name: each for name, each in self.signature.arguments.items() if name not in self.inputs}

    @property
    def module(self) -> str | None:
        """Return the dotted name of the entry's module, or None for a file that is not part of this package."""
        if not self.path.is_relative_to(SOURCE):
            return None
        return ".".join(self.path.relative_to(SOURCE).with_suffix("").parts)

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

    def broken_rule(self, values: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return a parameter and what is required of it, if ``values`` break a rule between parameters."""
        complete = self.with_defaults(values)
        for name, argument in self.parameters.items():
            for rule in (note for note in argument.notes if isinstance(note, Rule)):
                if not call_with_known(rule.holds, complete):
                    return name, rule.requirement
        return None

    def check_rules(self, values: Mapping[str, Any], source: str | Path, key: str) -> None:
        """Raise UserError, naming ``source``, if ``values`` break a rule between parameters; ``key`` leads to them."""
        if broken := self.broken_rule(values):
            name, requirement = broken
            raise UserError(f"{source}: {key}.{name} {requirement}; correct one of them")

    def load(self) -> Callable[..., Any]:
        """Return the function itself, which runs its file."""
        module = importlib.import_module(self.module) if self.module else own_files.run(self.path)
        return getattr(module, self.function)


@dataclass(frozen=True)
class Choice:
    """An `Entry` and the ``values`` that a recipe gives its parameters."""

    entry: Entry
    values: Mapping[str, Any]

    def bound(self) -> Callable[..., Any]:
        """Return the entry's function with its parameters set; it takes every input by name, needed or not."""
        function, entry, values = self.entry.load(), self.entry, dict(self.values)

        def with_parameters(**inputs: Any) -> Any:
            return function(**{name: value for name, value in inputs.items() if entry.takes(name)}, **values)

        return with_parameters

    def call(self, **inputs: Any) -> Any:
        """Return the result of the entry's function with the parameters of the recipe and the ``inputs`` it takes.

        Raises UserError, with the line, if a function of the user's fails.
        """
        if self.entry.module:
            return self.bound()(**inputs)
        with own_files.failures_of(self.entry.path):
            return self.bound()(**inputs)


class Registry:
    """The entries in ``folder`` of this package, which messages call ``kind``; ``inputs`` as in `Entry`.

    With ``mark``, only functions whose result is annotated with this word (`weakseg3d.registry.parameters`) are
    entries; the other files of the folder are what they share. ``check`` raises UserError for an entry in a file of the
    user's that does not say all it must.
    """

    def __init__(
        self,
        folder: str,
        kind: str,
        inputs: Sequence[str],
        dashes: bool = False,
        mark: type | None = None,
        check: Callable[[Entry], None] = lambda entry: None,
    ) -> None:
        self.folder = SOURCE / "weakseg3d" / folder
        self.kind = kind
        self.inputs = tuple(inputs)
        self.dashes = dashes
        self.mark = mark
        self.check = check

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Return all entries by their name in a recipe, in alphabetical order."""
        files = [path for path in sorted(self.folder.glob("*.py")) if path.stem in definitions(path)]
        found = [self.of_file(path, path.stem) for path in files]
        return {entry.name: entry for entry in found if not self.mark or entry.signature.returns.note(self.mark)}

    def of_file(self, path: Path, function: str) -> Entry:
        """Return the entry for a ``function`` of a file of this package.

        Raises UserError if the file does not define it.
        """
        name = function.replace("_", "-") if self.dashes else function
        return Entry(name, path, function, read_signature(path, function), self.inputs)

    def of_own_file(self, path: Path, function: str) -> Entry:
        """Return the entry for a ``function`` of the user's own file.

        Raises UserError if the file does not define it, or if it does not say all that the registry must know of it.
        """
        entry = self.of_file(path, function)
        if self.mark and not entry.signature.returns.note(self.mark):
            raise UserError(
                f"{path}: the result of '{function}' must be Annotated[..., {self.mark.__name__}(...)] as in every"
                f" {self.kind} of docs/extend.md; add that"
            )
        self.check(entry)
        return entry

    def entry(self, name: str) -> Entry:
        """Return the entry called ``name``; raises UserError, with the names that exist, if there is none."""
        return self.entries[choose(name, self.entries, self.kind)]

    def choice(self, content: Mapping[str, Any]) -> Choice:
        """Return what a recipe chose by ``{name: {parameter: value}}`` or ``{file: ..., name: ..., parameter: value}``.

        Raises UserError for an unknown name, and for a file that is missing, defines no such function, or is not the
        one whose digest the recipe holds.
        """
        if "file" not in content:
            ((name, values),) = content.items()
            return Choice(self.entry(name), values)
        path = own_files.located(content["file"])
        own_files.check_digest(path, content.get("sha256"))
        values = {key: value for key, value in content.items() if key not in own_files.KEYS}
        return Choice(self.of_own_file(path, content.get("name", path.stem)), values)

    def json_schema(self, content: Any = None) -> dict[str, Any]:
        """Return a choice ``{name: {parameter: value}}`` among the entries as JSON Schema.

        A ``content`` that names a file of the user's is described by the signature in that file instead.
        """
        if isinstance(content, Mapping) and isinstance(content.get("file"), str):
            path = own_files.located(content["file"])
            name = content.get("name", path.stem)
            if not isinstance(name, str):
                raise UserError(f"{path}: the name of a {self.kind} must be text, not {name!r:.40}")
            rules = self.of_own_file(path, name).json_schema()
            return rules | {"properties": own_files.KEYS | rules["properties"]}
        return {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {name: entry.json_schema() for name, entry in self.entries.items()},
        }
