"""Which methods learn from the same with different networks, as their recipes say."""

import yaml

from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.provenance import provenance
from weakseg3d.experiment.recipes import load_method
from weakseg3d.experiment.report_products import readable_tables
from weakseg3d.experiment.supervision import has_networks_to_compare, network_and_supervision
from weakseg3d.files import PROJECT

SAME_SUPERVISION = [
    ("clicks_unet", "clicks_unetr", "pw4medseg"),
    ("unet_pseudo", "unetr_pseudo"),
    ("partial_ce_unet", "partial_ce"),
    ("dense_unet", "dense"),
]
"""The lines of the table of config/networks.yaml; its columns are the U-Net, UNETR and PW4MedSeg's network."""


def of(name, overrides=None):
    return network_and_supervision(name, load_method(name, overrides))


def networks_config():
    return yaml.safe_load((PROJECT / "config/networks.yaml").read_text(encoding="utf-8"))


def test_methods_of_a_line_differ_in_the_network_and_those_of_a_column_in_the_supervision():
    lines = [[of(name) for name in names] for names in SAME_SUPERVISION]
    for line in lines:
        assert all(each["supervision"] == line[0]["supervision"] for each in line)
        assert [next(iter(each["network"])) for each in line] == ["unet", "unetr", "ptn"][: len(line)]
    for line, other in zip(lines, lines[1:], strict=False):
        assert line[0]["supervision"] != other[0]["supervision"]
        assert line[0]["network"] == other[0]["network"]
        assert line[1]["network"] == other[1]["network"]


def test_the_experiment_of_networks_holds_all_of_them_and_its_report_their_table():
    experiment = load_experiment(networks_config())
    assert set(experiment.shown) == {name for line in SAME_SUPERVISION for name in line}
    assert "networks" in readable_tables(experiment)
    recorded = provenance(experiment, networks_config())["methods"]
    assert recorded["clicks_unet"]["supervision"] == recorded["pw4medseg"]["supervision"]


def test_the_table_needs_two_networks_with_one_supervision():
    methods = [of("clicks_unet"), of("dense"), of("partial_ce")]
    assert not has_networks_to_compare(methods)
    assert has_networks_to_compare([*methods, of("dense_unet")])
    diagonal = networks_config() | {"methods": ["clicks_unet", "dense", "partial_ce"]}
    assert "networks" not in readable_tables(load_experiment(diagonal))


def test_the_length_of_a_training_is_no_supervision_but_the_label_the_loss_and_its_terms_are():
    plain = of("clicks_unet")
    assert of("clicks_unet", {"training": {"epochs": 5}}) == plain
    for change in (
        {"pseudo_label": {"gaussian": {"sigma": 9.0}}},
        {"annotation": {"points": {"number": 20}}},
        {"loss": {"soft_dice": {}}},
        {"target": {"threshold": 0.4}},
        {"regularisers": {"variance": {"weight": 0.1}}},
    ):
        assert of("clicks_unet", change)["supervision"] != plain["supervision"], change
    assert of("clicks_unet", {"regularisers": {"variance": {"weight": 0}}}) == plain


def test_controls_variants_and_distillations_have_no_place():
    for name in ("truth", "empty", "pseudo_label", "nnunet", "paseg"):
        assert of(name) == {}, name
    assert network_and_supervision("clicks_unet+clicks-20", load_method("clicks_unet")) == {}
    assert of("clicks_unet", {"images": {"train": {"noise": {"std": 0.1}}}}) == {}
