"""The pages of the reference say what the registries, the schemas and the code say."""

from pathlib import Path

import pytest

from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.experiment.reference import PAGES
from weakseg3d.experiment.reference.long_table import MEANINGS
from weakseg3d.experiment.reference.methods import page as methods_page
from weakseg3d.experiment.reference.paths import described
from weakseg3d.losses import LOSSES
from weakseg3d.networks import NETWORKS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name):
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make reference`"


def test_every_key_of_a_config_has_a_meaning():
    rows = [line for name in ("config", "dataset", "recipe") for line in PAGES[f"reference/{name}.md"]().splitlines()]
    assert not [row for row in rows if row.endswith("|  |")]


def test_the_long_table_is_described_column_by_column():
    assert tuple(MEANINGS) == COLUMNS


def test_paths_are_named_with_their_docstrings():
    found = {name: (path, meaning) for name, path, meaning in described()}
    assert found["ALL_METRICS"][0] == "tables/metrics.csv"
    assert found["CASE_SCRIBBLES"][1].startswith("The published scribbles")


def test_every_option_of_a_verb_is_in_its_section():
    section = PAGES["reference/verbs.md"]().partition("## `predict`\n")[2].partition("\n## ")[0]
    assert all(f"| `--{option}` |" in section for option in ("model", "image", "out", "uncertainty"))


def test_the_page_has_every_network_and_loss_with_its_parameters():
    page = methods_page()
    for name, entry in (NETWORKS.entries | LOSSES.entries).items():
        section = page.partition(f"### `{name}`\n")[2].partition("\n##")[0]
        assert entry.meaning in section
        for parameter in entry.parameters:
            assert f"| `{parameter}` |" in section


def test_every_parameter_of_every_registry_has_a_meaning():
    rows = [line for line in methods_page().splitlines() if line.startswith("| `")]
    assert rows
    assert not [row for row in rows if row.endswith("|  |")]
