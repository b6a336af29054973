"""docs/reference.md says what the registries and the schema say."""

from pathlib import Path

from weakseg3d.experiment.reference import reference
from weakseg3d.losses import LOSSES
from weakseg3d.networks import NETWORKS

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == reference(), "run `make reference`"


def test_the_page_has_every_network_and_loss_with_its_parameters():
    page = reference()
    for name, entry in (NETWORKS.entries | LOSSES.entries).items():
        section = page.partition(f"### `{name}`\n")[2].partition("\n##")[0]
        assert entry.meaning in section
        for parameter in entry.parameters:
            assert f"| `{parameter}` |" in section


def test_every_parameter_of_every_registry_has_a_meaning():
    rows = [line for line in reference().splitlines() if line.startswith("| `")]
    assert rows
    assert not [row for row in rows if row.endswith("|  |")]
