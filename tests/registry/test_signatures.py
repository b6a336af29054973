"""What a file says of its function is read from its text: parameters, bounds, defaults, rules; nothing is run."""

import pytest

from weakseg3d.errors import UserError
from weakseg3d.registry.parameters import DivisibleBy, Rule, SparseTarget, Stochastic
from weakseg3d.registry.registry import Registry
from weakseg3d.registry.signatures import REQUIRED, UNKNOWN, call_with_known, read_signature

NETWORK = '''"""A module."""
from collections.abc import Sequence
from typing import Annotated, Literal

import torch  # a file that is only read may import what is not installed
import not_installed
from weakseg3d.registry.parameters import DivisibleBy, Parameter, Rule, Stochastic

raise SystemExit("this file must not be run")
Width = Annotated[int, Parameter("Width of the finest level.", at_least=1)]


def small_net(
    patch_size: Annotated[Sequence[int], DivisibleBy(lambda channels: 2 ** (len(channels) - 1))],
    channels: Annotated[Sequence[int], Parameter("Width of each level.", at_least=1, items=(3, None))],
    width: Width = 16,
    share: Annotated[float, Parameter("A share.", above=0, at_most=1)] = 0.5,
    kind: Annotated[
        Literal["a", "b"],
        Parameter("Which."),
        Rule("must be a for width 1", lambda kind, width: width > 1 or kind == "a"),
    ] = "a",
    size: Annotated[tuple[int, ...], Parameter("Three.", items=3)] = (8, 8, 8),
    limit: Annotated[int | None, Parameter("A limit.", at_least=2)] = None,
    layer=torch.nn.ReLU,
) -> Annotated[torch.nn.Module, Stochastic(lambda kind: kind == "b")]:
    """Return a small network.

    More text.
    """


class Net(torch.nn.Module):
    """A network."""

    def __init__(self, patch_size, width: int = 8, *, deep: bool = False, **others):
        """Set it up."""
'''
INPUTS = ("patch_size",)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small_net.py"
    path.write_text(NETWORK, encoding="utf-8")
    return path


def test_the_signature_gives_the_schema_of_the_parameters(file):
    entry = Registry("networks", "network", INPUTS).of_file(file, "small_net")
    assert entry.meaning == "A small network."
    assert entry.json_schema() == {
        "description": "A small network.",
        "type": "object",
        "additionalProperties": False,
        "required": ["channels"],
        "properties": {
            "channels": {
                "type": "array",
                "items": {"type": "integer", "minimum": 1},
                "minItems": 3,
                "description": "Width of each level.",
            },
            "width": {"type": "integer", "minimum": 1, "description": "Width of the finest level.", "default": 16},
            "share": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
                "description": "A share.",
                "default": 0.5,
            },
            "kind": {"enum": ["a", "b"], "description": "Which.", "default": "a"},
            "size": {
                "type": "array",
                "items": {"type": "integer"},
                "minItems": 3,
                "maxItems": 3,
                "description": "Three.",
                "default": [8, 8, 8],
            },
            "limit": {"type": "integer", "minimum": 2, "description": "A limit."},
            "layer": {},
        },
    }


def test_rules_and_facts_are_functions_of_the_parameters_that_they_name(file):
    signature = read_signature(file, "small_net")
    by = signature.arguments["patch_size"].note(DivisibleBy).by
    assert call_with_known(by, {"channels": [1, 2, 4], "width": 3}) == 4
    assert call_with_known(signature.returns.note(Stochastic).when, {"kind": "b"})
    assert signature.arguments["kind"].note(Rule).requirement == "must be a for width 1"


def test_a_broken_rule_names_the_key(file):
    entry = Registry("networks", "network", INPUTS).of_file(file, "small_net")
    entry.check_rules({"channels": [1, 2, 4], "kind": "b"}, "m.yaml", "network.small_net")
    with pytest.raises(UserError, match=r"m\.yaml: network\.small_net\.kind must be a for width 1"):
        entry.check_rules({"channels": [1, 2, 4], "kind": "b", "width": 1}, "m.yaml", "network.small_net")


def test_a_class_is_described_by_its_constructor(file):
    signature = read_signature(file, "Net")
    assert list(signature.arguments) == ["patch_size", "width", "deep"]
    assert signature.arguments["patch_size"].kind is UNKNOWN
    assert signature.arguments["patch_size"].default is REQUIRED
    assert signature.arguments["width"].json_schema() == {"type": "integer", "default": 8}
    assert signature.arguments["deep"].json_schema() == {"type": "boolean", "default": False}
    assert signature.open
    assert signature.meaning == "A network."


def test_annotations_cannot_reach_anything_outside(tmp_path):
    path = tmp_path / "curious.py"
    path.write_text(
        "def curious(a: open('leak', 'w').write('x'), b: __import__('os').getcwd() = 1): ...", encoding="utf-8"
    )
    assert [each.kind for each in read_signature(path, "curious").arguments.values()] == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        ("def other(): ...", "defines no function or class 'net'"),
        ("def net(:", "line 1: not a file of Python"),
        ("\0", "not a file of Python"),
    ],
)
def test_a_file_that_does_not_define_the_name_is_rejected(tmp_path, content, message):
    path = tmp_path / "net.py"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        read_signature(path, "net")


def test_the_kind_of_target_is_read_from_its_annotation(tmp_path):
    path = tmp_path / "loss.py"
    path.write_text(
        "from weakseg3d.registry.parameters import SparseTarget\ndef loss(logits, target: SparseTarget): ...",
        encoding="utf-8",
    )
    assert read_signature(path, "loss").arguments["target"].kind is SparseTarget


def test_an_entry_of_a_users_file_is_loaded_from_there(tmp_path):
    path = tmp_path / "double.py"
    path.write_text("def double(x, factor: int = 2):\n    return factor * x\n", encoding="utf-8")
    entry = Registry("losses", "loss", ("x",)).of_file(path, "double")
    assert entry.load()(3, **entry.with_defaults({})) == 6
