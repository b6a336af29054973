"""The parameters of a registry's entries as options of a verb: ``KIND --parameter value``.

``own --file FILE --set parameter=value`` stands for an entry in a file of the user's.
"""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from weakseg3d.errors import UserError, quoted
from weakseg3d.keyvalues import parse_pairs
from weakseg3d.option_types import finite_number, whole_number
from weakseg3d.registry import own_files
from weakseg3d.registry.parameters import Parameter
from weakseg3d.registry.registry import Choice, Registry
from weakseg3d.registry.signatures import REQUIRED, Argument
from weakseg3d.schemas import validated
from weakseg3d.texts import parse_yaml

TYPES = {"number": finite_number, "integer": whole_number}

OWN = "own"
"""The kind that stands for an entry in a file of the user's."""


def add_kinds(parser: argparse.ArgumentParser, registry: Registry) -> None:
    """Declare one subcommand per entry of a ``registry``, with an option per parameter, and one for own files."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="|".join([*registry.entries, OWN]))
    for name, entry in registry.entries.items():
        kind = kinds.add_parser(name, help=_phrase(entry.meaning))
        for parameter, argument in entry.parameters.items():
            rules = argument.json_schema()
            kind.add_argument(
                option_name(parameter),
                dest=_destination(parameter),
                type=_reader(rules),
                choices=rules.get("enum"),
                required=argument.default is REQUIRED,
                default=None if argument.default is REQUIRED else argument.default,
                metavar=None if "enum" in rules else "VALUE",
                help=_help(argument),
            )
    own = kinds.add_parser(OWN, help="one in a Python file of your own")
    own.add_argument("--file", required=True, metavar="FILE", help=_phrase(own_files.KEYS["file"]["description"]))
    own.add_argument("--name", metavar="NAME", help=_phrase(own_files.KEYS["name"]["description"]))
    own.add_argument("--sha256", metavar="DIGEST", help="the digest that the file must have")
    own.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="its parameters")


def chosen(args: argparse.Namespace, registry: Registry) -> Choice:
    """Return the kind and the parameters that a user gave.

    Raises UserError for a value out of its range, and for values that do not go together.
    """
    if args.kind == OWN:
        return _own(args, registry)
    entry = registry.entry(args.kind)
    values: Mapping[str, Any] = {name: getattr(args, _destination(name)) for name in entry.parameters}
    for name, argument in entry.parameters.items():
        if values[name] is not None:
            check_range(option_name(name), values[name], argument)
    if broken := entry.broken_rule(values):
        name, requirement = broken
        raise UserError(f"{option_name(name)} {requirement}; correct one of them")
    return Choice(entry, values)


def _destination(parameter: str) -> str:
    """Return where argparse keeps a parameter: apart from the verb's own options, which may have the same name."""
    return f"parameter_{parameter}"


def _own(args: argparse.Namespace, registry: Registry) -> Choice:
    """Return the entry in a file of the user's and the parameters given for it."""
    keys = {key: getattr(args, key) for key in own_files.KEYS if getattr(args, key) is not None}
    values = {key: parse_yaml(text, f"--set {key}") for key, text in parse_pairs(args.set, "--set").items()}
    content = validated(keys | values, registry.json_schema(keys), args.file)
    choice = registry.choice(content)
    choice.entry.check_rules(choice.values, args.file, "--set")
    return choice


def check_range(option: str, value: Any, argument: Argument) -> None:
    """Raise UserError, naming the ``option``, for a number that is not within the bounds of its ``argument``."""
    if isinstance(value, str):
        return
    bounds = (argument.note(Parameter) or Parameter("")).bounds()
    within = (
        value >= bounds.get("minimum", value)
        and value <= bounds.get("maximum", value)
        and ("exclusiveMinimum" not in bounds or value > bounds["exclusiveMinimum"])
        and ("exclusiveMaximum" not in bounds or value < bounds["exclusiveMaximum"])
    )
    if not within:
        raise UserError(f"{option} {value}: must be {_in_words(bounds)}")


def _reader(rules: Mapping[str, Any]) -> Callable[[str], Any]:
    """Return what turns an option's text into its value; ``rules`` are JSON Schema, perhaps of a number or a word."""
    alternatives = rules.get("anyOf", [rules])
    number = next((TYPES[each["type"]] for each in alternatives if each.get("type") in TYPES), str)
    words = [word for each in alternatives for word in each.get("enum", []) if isinstance(word, str)]
    if not words:
        return number

    def read(text: str) -> Any:
        if text in words:
            return text
        try:
            return number(text)
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentTypeError(f"{error}, nor {' or '.join(map(quoted, words))}") from None

    return read


def option_name(parameter: str) -> str:
    """Return the option of a parameter: ``--candidate-share`` for ``candidate_share``."""
    return "--" + parameter.replace("_", "-")


def _in_words(bounds: Mapping[str, Any]) -> str:
    words = {
        "minimum": "at least {}",
        "exclusiveMinimum": "above {}",
        "maximum": "at most {}",
        "exclusiveMaximum": "below {}",
        "multipleOf": "a multiple of {}",
    }
    return " and ".join(words[key].format(value) for key, value in bounds.items())


def _help(argument: Argument) -> str:
    parameter = argument.note(Parameter) or Parameter("")
    default = "" if argument.default in (None, REQUIRED) else " (default: %(default)s)"
    return _phrase(parameter.meaning) + default


def _phrase(sentence: str) -> str:
    """Return a sentence as a phrase of an option's help."""
    text = sentence.removesuffix(".").replace("%", "%%")
    return text[:1].lower() + text[1:]
