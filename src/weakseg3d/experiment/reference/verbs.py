"""Every verb of the command line with its options, from the parsers."""

import argparse
import inspect
from collections.abc import Iterator

from weakseg3d.cli import VERBS, build_parser
from weakseg3d.experiment.reference.schema_tables import cell

HEADING = """\
<!-- Written by `make reference`; edit the verbs instead. -->
# Every verb

`python -m weakseg3d VERB --help` says the same. [The command line](../command-line.md) has the first steps.
"""
OPTIONS = "| Option | Value | Default | Meaning |\n|---|---|---|---|"


def page() -> str:
    """Return the whole page."""
    lines = [HEADING]
    for verb, text in VERBS.items():
        parser = build_parser(verb)
        lines += [f"## `{verb}`\n", f"{text[0].upper()}{text[1:]}.\n"]
        lines += ["```text", inspect.cleandoc(parser.description or ""), "```\n", *_options(parser)]
        for name, kind, meaning in _subcommands(parser):
            lines += [f"\n### `{verb} {name}`\n", f"{meaning}\n", *_options(kind)]
        example = (parser.epilog or "").removeprefix("example:\n")
        lines += ["\nExample:\n", "```text", inspect.cleandoc(example), "```\n"]
    return "\n".join(lines)


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the table of a parser's options, if it has any."""
    rows = [_row(parser, action) for action in _actions(parser) if action.help != argparse.SUPPRESS]
    if rows:
        yield from (OPTIONS, *rows)


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the options that a person gives; argparse has no public list of them."""
    for action in parser._actions:
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            yield action


def _subcommands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Yield the name, the parser and the help of each subcommand."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            meanings = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, kind in action.choices.items():
                yield name, kind, meanings.get(name, "")


def _row(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    name = ", ".join(f"`{option}`" for option in action.option_strings) or f"`{action.dest}`"
    several = {"+": " …", "*": " …"}.get(str(action.nargs), "")
    names = action.metavar if isinstance(action.metavar, tuple) else (action.metavar,)
    value = " ".join(f"`{name}`" for name in names if name)
    if action.choices is not None:
        value = ", ".join(f"`{choice}`" for choice in action.choices)
    default = "required" if action.required and action.option_strings else _default(action)
    formatter = parser._get_formatter()
    return f"| {name} | {value}{several} | {default} | {cell(formatter._expand_help(action))} |"


def _default(action: argparse.Action) -> str:
    given = action.default
    return "" if given in (None, False, argparse.SUPPRESS, "", []) else f"`{cell(str(given))}`"
