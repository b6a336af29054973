"""Networks by supervision, on means that can be counted."""

import json

import pandas as pd
import pytest
from metrics_rows import table_of
from report_tables import records
from small_experiment import report, small_experiment

from weakseg3d.experiment.recipes import load_method
from weakseg3d.experiment.supervision import network_and_supervision
from weakseg3d.report.tables.cell_statistics import cell_statistics
from weakseg3d.report.tables.measures import measure
from weakseg3d.report.tables.networks import (
    compares_networks,
    label_text,
    loss_text,
    network_names,
    networks_table,
    readable_networks,
)

DICE = measure("dice")
CASES = {"a": -0.02, "b": -0.01, "c": 0.01, "d": 0.02}
UNET, UNETR, PTN = {"unet": {"channels": [8, 16]}}, {"unetr": {"heads": 4}}, {"ptn": {"heads": 4}}


def learns(method, network):
    return {"network": network, "supervision": network_and_supervision(method, load_method(method))["supervision"]}


# Names that say nothing: the facts come from the recipes.
METHODS = {
    "first": learns("dense", UNETR),
    "second": learns("clicks_unet", UNET),
    "third": learns("dense", UNET),
    "fourth": learns("clicks_unet", PTN),
    "truth": {"description": "a control"},
}
MEANS = {"first": 0.8, "second": 0.7, "third": 0.9, "fourth": 0.6, "truth": 0.97}


def rows(means):
    return table_of({name: {case: mean + offset for case, offset in CASES.items()} for name, mean in means.items()})


def test_each_method_stands_where_its_network_and_its_supervision_say():
    table = networks_table(cell_statistics(rows(MEANS)), METHODS, DICE)
    places = table[["label", "network", "method", "dice_mean"]].round(6).to_numpy().tolist()
    soft = "gaussian (sigma 10.0)"
    assert places == [
        ["dense masks", "unetr", "first", 0.8],
        ["dense masks", "unet", "third", 0.9],
        [soft, "unet", "second", 0.7],
        [soft, "ptn", "fourth", 0.6],
    ]
    assert (table["dice_low"] < table["dice_mean"]).all()
    assert (table["dice_mean"] < table["dice_high"]).all()
    assert list(table["n"]) == [4, 4, 4, 4]


def test_readers_see_a_row_for_each_supervision_and_a_column_for_each_network():
    text = readable_networks(networks_table(cell_statistics(rows(MEANS)), METHODS, DICE), DICE).text
    assert list(text)[3:] == ["Label", "Loss", "unetr", "unet", "ptn", "Annotation"]
    means = text[["Label", "unetr", "unet", "ptn"]].map(lambda cell: cell.split(" ")[0]).to_numpy().tolist()
    assert means == [["dense", "0.800", "0.900", ""], ["gaussian", "", "0.700", "0.600"]]


def test_the_interval_is_that_of_the_main_table():
    statistics = cell_statistics(rows(MEANS))
    cell = readable_networks(networks_table(statistics, METHODS, DICE), DICE).text["ptn"][1]
    of_fourth = statistics[statistics["method"] == "fourth"].iloc[0]
    assert cell == f"0.600 ({of_fourth['low']:.3f}–{of_fourth['high']:.3f})"


def test_a_gap_is_a_dash_and_not_a_mean_over_other_cases():
    some = rows(MEANS)
    some = some[~((some["method"] == "fourth") & (some["case"] == "d"))]
    text = readable_networks(networks_table(cell_statistics(some), METHODS, DICE), DICE).text
    assert list(text["ptn"]) == ["", "–"]


def test_methods_that_differ_in_the_training_alone_have_a_row_each():
    methods = METHODS | {"longer": METHODS["third"]}
    text = readable_networks(networks_table(cell_statistics(rows(MEANS | {"longer": 0.95})), methods, DICE), DICE).text
    assert [cell[:5] for cell in text["unet"]] == ["0.900", "0.950", "0.700"]
    assert [cell[:5] for cell in text["unetr"]] == ["0.800", "", ""]


def test_organs_are_kept_apart():
    both = pd.concat([rows(MEANS), rows({name: mean - 0.1 for name, mean in MEANS.items()}).assign(organ="liver")])
    text = readable_networks(networks_table(cell_statistics(both), METHODS, DICE), DICE).text
    assert list(text["Organ"]) == ["spleen", "spleen", "liver", "liver"]
    assert [cell[:5] for cell in text["unet"]] == ["0.900", "0.700", "0.800", "0.600"]


def test_only_methods_in_the_metrics_are_compared():
    assert compares_networks(rows(MEANS), METHODS)
    assert not compares_networks(rows({"first": 0.8, "second": 0.7, "truth": 0.9}), METHODS)
    assert not compares_networks(rows(MEANS), {})


def test_namesakes_show_the_parameters_in_which_they_differ():
    deep = {"unet": {"channels": [8, 16], "deep_supervision": 2}}
    assert network_names([UNET, UNETR, UNET]) == ["unet", "unetr", "unet"]
    assert network_names([{"unet": {"channels": [8, 16], "deep_supervision": 0}}, deep, UNETR]) == [
        "unet (deep_supervision 0)",
        "unet (deep_supervision 2)",
        "unetr",
    ]
    own = {"file": "my_net.py", "name": "MyNet", "width": 8, "sha256": "c0ffee"}
    assert network_names([own, own | {"width": 16}]) == ["MyNet (width 8)", "MyNet (width 16)"]


@pytest.mark.parametrize(
    ("method", "label", "loss"),
    [
        ("partial_ce", "points", "partial_ce"),
        ("entropy", "scribbles", "partial_ce + entropy (weight 0.1, ramp_up 1.0)"),
        ("generalised_ce", "scribbles-gaussian (sigma 10.0), thresholded", "generalised_cross_entropy (q 0.7)"),
        ("pw4medseg", "gaussian (sigma 10.0)", "weighted_ce_dice"),
    ],
)
def test_labels_and_losses_in_words(method, label, loss):
    supervision = network_and_supervision(method, load_method(method))["supervision"]
    assert (label_text(supervision), loss_text(supervision)) == (label, loss)


def test_the_report_of_an_experiment_shows_the_table_once_two_networks_learn_from_the_same(tmp_path):
    results = small_experiment(tmp_path)
    path = results / "tables/provenance.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["methods"] = {"good": learns("clicks_unet", UNET), "poor": learns("clicks_unet", UNETR)}
    path.write_text(json.dumps(record), encoding="utf-8")
    assert report(results) == 0
    lines = records(results / "tables/networks.csv")
    assert [(line["network"], line["method"]) for line in lines] == [("unet", "good"), ("unetr", "poor")]
    main = {line["method"]: line["dice_mean"] for line in records(results / "tables/main.csv")}
    assert [line["dice_mean"] for line in lines] == [main["good"], main["poor"]]
    assert '<h3 id="networks">' in (results / "report.html").read_text(encoding="utf-8")
    assert (results / "tables/networks.md").is_file()
