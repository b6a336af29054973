"""The parameters of a registry's entries as options of a verb: ``KIND --parameter value``."""

import argparse
from collections.abc import Mapping
from typing import Any

from weakseg3d.errors import UserError
from weakseg3d.option_types import finite_number, whole_number
from weakseg3d.registry.parameters import Parameter
from weakseg3d.registry.registry import Choice, Registry
from weakseg3d.registry.signatures import Argument

TYPES = {"number": finite_number, "integer": whole_number}


def add_kinds(parser: argparse.ArgumentParser, registry: Registry) -> None:
    """Declare one subcommand per entry of a ``registry``, with an option per parameter."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="|".join(registry.entries))
    for name, entry in registry.entries.items():
        kind = kinds.add_parser(name, help=_phrase(entry.meaning))
        for parameter, argument in entry.parameters.items():
            rules = argument.json_schema()
            kind.add_argument(
                option_name(parameter),
                dest=parameter,
                type=TYPES.get(rules.get("type", ""), str),
                choices=rules.get("enum"),
                default=argument.default,
                metavar=None if "enum" in rules else "VALUE",
                help=_help(argument),
            )


def chosen(args: argparse.Namespace, registry: Registry) -> Choice:
    """Return the kind and the parameters that a user gave.

    Raises UserError for a value out of its range, and for values that do not go together.
    """
    entry = registry.entry(args.kind)
    values: Mapping[str, Any] = {name: getattr(args, name) for name in entry.parameters}
    for name, argument in entry.parameters.items():
        if values[name] is not None:
            check_range(option_name(name), values[name], argument)
    if broken := entry.broken_rule(values):
        name, requirement = broken
        raise UserError(f"{option_name(name)} {requirement}; correct one of them")
    return Choice(entry, values)


def check_range(option: str, value: Any, argument: Argument) -> None:
    """Raise UserError, naming the ``option``, for a number that is not within the bounds of its ``argument``."""
    bounds = (argument.note(Parameter) or Parameter("")).bounds()
    within = (
        value >= bounds.get("minimum", value)
        and value <= bounds.get("maximum", value)
        and ("exclusiveMinimum" not in bounds or value > bounds["exclusiveMinimum"])
        and ("exclusiveMaximum" not in bounds or value < bounds["exclusiveMaximum"])
    )
    if not within:
        raise UserError(f"{option} {value}: must be {_in_words(bounds)}")


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
    default = "" if argument.default is None else " (default: %(default)s)"
    return _phrase(parameter.meaning) + default


def _phrase(sentence: str) -> str:
    """Return a sentence as a phrase of an option's help."""
    text = sentence.removesuffix(".").replace("%", "%%")
    return text[:1].lower() + text[1:]
