"""The signature of a function or class, read from the text of its file.

The file is not run: planning needs what a network's parameters are, not torch, and a user's file is only run where
it is used. So annotations are evaluated with nothing but the names of `weakseg3d.registry.parameters.VOCABULARY`, and
what other names annotate counts as "any value".
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT
from weakseg3d.registry.parameters import VOCABULARY, Parameter

REQUIRED = object()
"""The default of an argument that has none."""

UNKNOWN = object()
"""The annotation of an argument that has none, or one that only the running file could evaluate."""

JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


@dataclass(frozen=True)
class Argument:
    """An argument: its ``kind`` (a type, or `UNKNOWN`), the ``notes`` of its `Annotated`, and its ``default``."""

    kind: Any
    notes: tuple[Any, ...]
    default: Any = REQUIRED

    def note(self, sort: type) -> Any:
        """Return the first note of this ``sort``, or None."""
        return next((note for note in self.notes if isinstance(note, sort)), None)

    def json_schema(self) -> dict[str, Any]:
        """Return the values that the argument takes as JSON Schema, with its meaning and its default.

        A default of None stands for a key that may be left out, and is not part of the schema.
        """
        parameter = self.note(Parameter) or Parameter("")
        rules = _json_type(self.kind, parameter)
        if parameter.meaning:
            by_default = f" By default, {self.default}." if parameter.implied and self.default is not None else ""
            rules["description"] = parameter.meaning + by_default
        if self.default is not REQUIRED and self.default is not None and not parameter.implied:
            rules["default"] = list(self.default) if isinstance(self.default, tuple) else self.default
        return rules


@dataclass(frozen=True)
class Signature:
    """What a function or class says of itself: its ``arguments`` in order, what it ``returns``, and its ``meaning``.

    ``open`` says that it takes further keywords (``**parameters``), whose names are not known.
    """

    arguments: dict[str, Argument]
    returns: Argument
    meaning: str
    open: bool


def read_signature(path: Path, name: str) -> Signature:
    """Return the `Signature` of the function or class ``name`` that the file ``path`` defines.

    Raises UserError if there is no such file, if it is not Python, or if it does not define ``name`` at its top level.
    """
    definition = definitions(path).get(name)
    if definition is None:
        raise UserError(f"{path}: defines no function or class '{name}'; correct the name")
    names = _names_of(path)
    text = ast.get_docstring(definition) or ""
    if isinstance(definition, ast.ClassDef):
        function = next((d for d in definition.body if isinstance(d, ast.FunctionDef) and d.name == "__init__"), None)
        if function is None:
            return Signature({}, Argument(UNKNOWN, ()), _first_sentence(text), open=True)
        skipped = 1
    else:
        function, skipped = definition, 0
    listed = [*function.args.posonlyargs, *function.args.args]
    defaults: list[ast.expr | None] = [None] * (len(listed) - len(function.args.defaults)) + [*function.args.defaults]
    pairs = [*zip(listed, defaults, strict=True)][skipped:]
    pairs += zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return Signature(
        {argument.arg: _argument(argument.annotation, default, names) for argument, default in pairs},
        _argument(function.returns, None, names),
        _first_sentence(text),
        open=function.args.kwarg is not None,
    )


@cache
def definitions(path: Path) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    """Return the functions and classes that a file defines at its top level.

    Raises UserError if there is no such file, or if it is not Python.
    """
    statements = _parsed(path).body
    return {each.name: each for each in statements if isinstance(each, ast.FunctionDef | ast.ClassDef)}


def call_with_known(function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    """Return the result of a note's function, called with those of ``values`` that it names."""
    code = function.__code__
    return function(**{name: values[name] for name in code.co_varnames[: code.co_argcount]})


def _argument(annotation: ast.expr | None, default: ast.expr | None, names: Mapping[str, Any]) -> Argument:
    kind, notes = _kind_and_notes(annotation, names)
    if default is None:
        return Argument(kind, notes)
    value = _evaluated(default, names)
    return Argument(kind, notes, None if value is UNKNOWN else value)


def _kind_and_notes(annotation: ast.expr | None, names: Mapping[str, Any]) -> tuple[Any, tuple[Any, ...]]:
    if annotation is None:
        return UNKNOWN, ()
    kind = _evaluated(annotation, names)
    if get_origin(kind) is Annotated:
        kind, *notes = get_args(kind)
        return kind, tuple(notes)
    if kind is not UNKNOWN or not isinstance(annotation, ast.Subscript) or not isinstance(annotation.slice, ast.Tuple):
        return kind, ()
    # Annotated[torch.Tensor, note]: the notes can be read although the type cannot.
    values = [_evaluated(element, names) for element in annotation.slice.elts]
    if _evaluated(annotation.value, names) is Annotated:
        return values[0], tuple(note for note in values[1:] if note is not UNKNOWN)
    return kind, ()


def _evaluated(expression: ast.expr, names: Mapping[str, Any]) -> Any:
    """Return the value of an ``expression`` in which only ``names`` are known, or `UNKNOWN`."""
    try:
        return eval(compile(ast.Expression(expression), "<signature>", "eval"), {"__builtins__": {}, **names})
    except Exception:
        return UNKNOWN


@cache
def _names_of(path: Path) -> Mapping[str, Any]:
    """Return what the names in a file's annotations mean: `VOCABULARY`, its own constants, and those it imports."""
    names = dict(VOCABULARY)
    for statement in _parsed(path).body:
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("weakseg3d."):
            imported = _names_of_module(statement.module or "")
            names |= {a.asname or a.name: imported[a.name] for a in statement.names if a.name in imported}
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            value = _evaluated(statement.value, names)
            if value is not UNKNOWN:
                names[statement.targets[0].id] = value
    return types.MappingProxyType(names)


def _names_of_module(module: str) -> Mapping[str, Any]:
    path = PROJECT.joinpath("src", *module.split(".")).with_suffix(".py")
    return _names_of(path) if path.is_file() else {}


@cache
def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), str(path))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise UserError(f"{path}: no such file; correct the path") from None
    except (SyntaxError, ValueError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise UserError(f"{path}{line}: not a file of Python; correct it") from None


def _json_type(kind: Any, parameter: Parameter) -> dict[str, Any]:
    if get_origin(kind) in (Union, types.UnionType):
        kinds = [k for k in get_args(kind) if k is not type(None)]
        alternatives = [_json_type(k, parameter) for k in kinds]
        if len(alternatives) == 1:
            return alternatives[0]
        return {"anyOf": alternatives} if all(alternatives) else {}
    if get_origin(kind) is Literal:
        return {"enum": list(get_args(kind))}
    if get_origin(kind) in (list, tuple, Sequence):
        item = next((k for k in get_args(kind) if k is not Ellipsis), UNKNOWN)
        return {"type": "array", "items": _json_type(item, parameter), **parameter.lengths()}
    if kind not in JSON_TYPES:
        return {}
    return {"type": JSON_TYPES[kind], **(parameter.bounds() if kind in (int, float) else {})}


def _first_sentence(text: str) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join(text.partition("\n\n")[0].split())
