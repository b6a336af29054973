"""What an experiment writes of a choice ``{name: {parameter: value}}``: a part of a path, and words for a verb.

A choice in a file of the user's, ``{file: my_clicks.py, name: MyClicks, parameter: value}``, may have any values.
"""

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from weakseg3d.experiment.paths import digest_of, path_part
from weakseg3d.registry.options import OWN, option_name
from weakseg3d.registry.own_files import KEYS
from weakseg3d.registry.registry import Registry

READABLE = re.compile(r"[A-Za-z0-9.+-]{1,20}")
"""What a value of a parameter of the user's own must look like to stand in a path as it is."""


def choice_part(registry: Registry, choice: Mapping[str, Any], **more: Any) -> str:
    """Return a choice with its parameters, and ``more`` of them, as one readable path part.

    A choice in a file of the user's has the parameters that a path can show, and ``sha``, a digest of the file and all
    of its parameters: with another content it has another path.
    """
    if "file" not in choice:
        ((kind, parameters),) = choice.items()
        return path_part(kind, parameters | more)
    chosen = registry.choice(choice)
    shown = {key: value for key, value in chosen.values.items() if READABLE.fullmatch(str(value))}
    digest = digest_of([choice.get("sha256"), dict(chosen.values)])
    return path_part(chosen.entry.name, shown | {"sha": digest} | more)


def named_program(program: Mapping[str, Any]) -> dict[str, Any]:
    """Return a program that makes pseudo labels as a choice of its name, with a digest of all that is said of it."""
    return {program["name"]: {"sha": digest_of(program)}}


def choice_words(choice: Mapping[str, Any]) -> list[str]:
    """Return the words by which `weakseg3d.registry.options` knows a choice: ``kind --parameter value ...``."""
    if "file" in choice:
        values = {key: value for key, value in choice.items() if key not in KEYS}
        named = [word for key in KEYS if key in choice for word in (option_name(key), str(choice[key]))]
        pairs = [f"{key}={json.dumps(value)}" for key, value in values.items()]
        return [OWN, *named, *(["--set", *pairs] if pairs else [])]
    ((kind, parameters),) = choice.items()
    return [kind, *(word for key, value in parameters.items() for word in (option_name(key), str(value)))]


def choice_options(choice: Mapping[str, Any]) -> str:
    """Return the same as shell words, quoted."""
    return shlex.join(choice_words(choice))
