"""Text files that people write: YAML, CSV and JSON, each read in one way that rejects damaged files with a message.

Files are UTF-8, with or without a byte order mark. Every message names the file and, where there is one, the line.
All limits are far above what a real file needs; they make sure that reading a hostile file ends at once.
"""

import csv
import io
import json
import math
import os
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from weakseg3d.errors import UserError, printable, quoted
from weakseg3d.files import existing_file

DEEPEST = 100
"""Levels of nesting that a YAML or JSON file may have."""
MOST_NODES = 100_000
"""Values that a YAML file may have, counting those behind an alias each time the alias is used."""
LARGEST_INTEGER = 2**63 - 1
"""Largest absolute value of a whole number; the libraries that use the numbers store 64 bits."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a cell that spreadsheets take for a formula
(https://owasp.org/www-community/attacks/CSV_Injection)."""

FilePath = str | os.PathLike[str]


def read_text(path: FilePath) -> str:
    """Return the text of a UTF-8 file without its byte order mark; line ends stay as they are.

    Raises UserError for a missing file, another encoding, and NUL characters.
    """
    path = existing_file(path)
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError(f"{path}: encoded as UTF-16; save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}: line {line} is not encoded as UTF-8; save it as UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(f"{path}: line {line} has a NUL character, as in UTF-16 or a binary file; save it as UTF-8")
    return text


def read_yaml(path: FilePath) -> dict[str, Any]:
    """Return the mapping in a YAML file, as `parse_yaml` reads it.

    Raises UserError as `read_text` and `parse_yaml` do, and for anything but a mapping.
    """
    content = parse_yaml(read_text(path), path)
    if not isinstance(content, dict):
        raise UserError(f"{path}: must hold a mapping of keys to values")
    return content


def parse_yaml(text: str, source: FilePath) -> Any:
    """Return the content of YAML ``text``; dates stay text, and numbers such as ``3e-05`` are numbers.

    Raises UserError, naming ``source``, for invalid YAML, for a key that occurs twice, and for content above the limits
    of this module.
    """
    try:
        content = _Loader(text).get_single_data()
        _check_values(content)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError(f"{source}: not valid YAML in line {line} (a control character); remove it") from None
    except _Refused as error:
        raise UserError(f"{source}: {error}") from None
    except yaml.YAMLError as error:
        raise UserError(f"{source}: not valid YAML{_where(error)}; correct its syntax") from None
    return content


def read_json(path: FilePath, finite: bool = True) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises UserError as `read_text` does, for invalid JSON, for a key that occurs twice, for content above the limits of
    this module, for anything but an object and, if ``finite``, for numbers that are NaN or infinite.
    """
    text = read_text(path)

    def number(literal: str) -> float:
        value = float(literal)
        if finite and not math.isfinite(value):
            raise _Refused(f"the number {quoted(literal)} is not finite; give a finite number")
        return value

    try:
        content = json.loads(
            text, parse_int=_whole_number, parse_float=number, parse_constant=number, object_pairs_hook=_object
        )
        _check_values(content)
    except _Refused as error:
        raise UserError(f"{path}: {error}") from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path}: not valid JSON in line {error.lineno}; correct its syntax") from None
    except RecursionError:
        raise UserError(f"{path}: {_TOO_DEEP}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: must hold an object, in braces")
    return content


@dataclass(frozen=True)
class Table:
    """The content of a CSV file: its columns, its rows, and the line in which each row ends."""

    path: Path
    columns: list[str]
    rows: list[list[str]]
    lines: list[int]

    def records(self) -> list[dict[str, str]]:
        """Return the rows as dicts with the columns as keys."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def read_csv(path: FilePath, delimiter: str = ",") -> Table:
    """Return the `Table` in a CSV file, whose first line names the columns. Blank lines are skipped.

    Raises UserError as `read_text` does, for an empty file, a column that is named twice, a row with more or fewer
    fields than columns, quotes that do not end, and fields longer than Python's csv module allows.
    """
    path = Path(path)
    reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=delimiter, strict=True)
    rows, lines = [], []
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(reader.line_num)
    except csv.Error as error:
        line = max(1, reader.line_num)
        raise UserError(f"{path}: not valid CSV in line {line} ({error}); correct it or save it again") from None
    if not rows:
        raise UserError(f"{path}: empty; the first line of a CSV file names its columns")
    columns = rows[0]
    repeated = _first_repeated(columns)
    if repeated is not None:
        raise UserError(f"{path}: names the column {quoted(repeated)} twice; remove one of the two")
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(columns):
            raise UserError(
                f"{path}: line {line}, {quoted(delimiter.join(row))}, has {len(row)} fields, but there are"
                f" {len(columns)} columns; correct it"
            )
    return Table(path, columns, rows[1:], lines[1:])


def as_cell(text: str) -> str:
    """Return ``text`` as a cell of a CSV file that no spreadsheet runs as a formula; `from_cell` is the inverse.

    A ``'`` is put in front of text that starts like a formula, and of text that starts with ``'`` and then like one.
    """
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def from_cell(text: str) -> str:
    """Return the text that `as_cell` made a cell of."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA_STARTS) else text


def last_line(path: FilePath, longest: int) -> str:
    """Return the last line of a text file that is not blank, or empty text if there is none.

    It is shortened to ``longest`` characters; control characters are replaced.
    """
    with open(path, "rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - _TAIL))
        lines = stream.read().decode("utf-8", errors="replace").splitlines()
    line = printable(next((line.strip() for line in reversed(lines) if line.strip()), ""))
    return line if len(line) <= longest else line[: longest - 1] + "…"


_TAIL = 10_000
"""Bytes at the end of a file in which its last line is looked for."""

_TOO_DEEP = f"nested more than {DEEPEST} levels deep; simplify it"


class _Refused(Exception):
    """A problem of a file's content, in words, for which no library has an exception."""


class _Loader(yaml.SafeLoader):
    """Reads JSON's types only, and refuses what would take long or be ambiguous."""

    yaml_implicit_resolvers: Mapping[str, list[tuple[str, re.Pattern[str]]]] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._sizes: dict[int, int] = {}
        """The number of values in each complete node, by the node's identity."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Return the next node with all that is below it; raise `_Refused` beyond the limits."""
        line = self.peek_event().start_mark.line + 1
        if self.check_event(yaml.AliasEvent):
            node = super().compose_node(parent, index)
            if id(node) not in self._sizes:
                raise _Refused(f"the alias in line {line} is part of the value that it repeats; write the value out")
            return node
        self._depth += 1
        if self._depth > DEEPEST:
            raise _Refused(f"{_TOO_DEEP} (line {line})")
        node = super().compose_node(parent, index)
        self._depth -= 1
        size = 1 + sum(self._sizes[id(child)] for child in _children(node))
        if size > MOST_NODES:
            raise _Refused(f"has more than {MOST_NODES} values in line {line}, counting each alias; simplify it")
        self._sizes[id(node)] = size
        return node

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        """Return a mapping node; raise `_Refused` if a key occurs twice. ``<<`` may add keys that occur, as in YAML."""
        node = super().compose_mapping_node(anchor)
        lines: dict[Hashable, int] = {}
        for key_node, _ in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Refused(f"the key in line {line} is a collection; use text")
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node)
            if key in lines:
                raise _Refused(f"the key {quoted(key)} is in line {lines[key]} and in line {line}; remove one of them")
            lines[key] = line
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return a node's value; raise `_Refused` where PyYAML ends with an exception that does not name the line."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, OverflowError):
            raise _Refused(
                f"{quoted(node.value)} in line {node.start_mark.line + 1} does not fit its type; correct it"
            ) from None

    def construct_int(self, node: yaml.ScalarNode) -> int:
        """Return a whole number; raise `_Refused` for one that does not fit 64 bits."""
        line = node.start_mark.line + 1
        if len(node.value) > 100:
            raise _Refused(f"the number {quoted(node.value)} in line {line} is too large; give a smaller one")
        value = self.construct_yaml_int(node)
        if abs(value) > LARGEST_INTEGER:
            raise _Refused(f"the number {quoted(node.value)} in line {line} is too large; give a smaller one")
        return value

    def construct_other(self, node: yaml.Node) -> NoReturn:
        """Raise `_Refused`: the node has a tag that is not one of JSON's types."""
        raise _Refused(f"the tag {quoted(node.tag)} in line {node.start_mark.line + 1} is not supported; remove it")


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_int)
for _tag in ("timestamp", "binary", "set", "omap", "pairs"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.construct_other)
_Loader.add_constructor(None, _Loader.construct_other)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    # PyYAML's own words for it, "found character '\\t' that cannot start any token", help only those who know YAML.
    tab = " (a tab; indent with spaces)" if "'\\t'" in str(getattr(error, "problem", "")) else ""
    return f" in line {mark.line + 1}{tab}" if mark else ""


def _whole_number(literal: str) -> int:
    if len(literal) > 100 or abs(int(literal)) > LARGEST_INTEGER:
        raise _Refused(f"the number {quoted(literal)} is too large; give a smaller one")
    return int(literal)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        repeated = _first_repeated(key for key, _ in pairs)
        raise _Refused(f"an object has the key {quoted(repeated)} twice; remove one of them")
    return content


def _first_repeated(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _check_values(content: object) -> None:
    """Raise `_Refused` for content that is nested too deeply, and for text that no file can contain.

    Escapes such as ``\\ud800`` alone stand for half a character. There is no recursion, which has a limit of its own.
    """
    level, depth = [content], 0
    while level:
        if depth > DEEPEST:
            raise _Refused(_TOO_DEEP)
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += [*value, *value.values()]
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str) and _HALF_CHARACTER.search(value):
                raise _Refused(f"the text {quoted(value)} contains half a character; correct it")
        level, depth = inner, depth + 1


_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
