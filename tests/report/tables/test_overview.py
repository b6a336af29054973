"""The overview: all organs together, best rank first, with effort, missed organs and gaps."""

import math

import pandas as pd
import pytest
from compared_methods import STRONG, WEAK, rows_of

from weakseg3d.report.tables.against_best import compared_rows
from weakseg3d.report.tables.main import main_table
from weakseg3d.report.tables.measures import SHOWN, measure
from weakseg3d.report.tables.overview import overview_table, readable_overview
from weakseg3d.statistics.overall_ranking import overall_ranking


def overview(rows, measures=SHOWN):
    ranks = overall_ranking(compared_rows(rows, measures), resamples=10)[0]
    return overview_table(rows, main_table(rows, measures), ranks, measures)


@pytest.fixture(scope="module")
def rows():
    """Return two methods, full supervision and a control on two organs of one dataset and one of another."""
    whole, missed = [0.96] * 8, ["missed", *STRONG[1:]]
    parts = [
        rows_of({"weak": WEAK, "strong": STRONG, "truth": [1.0] * 8}).assign(effort_clicks=10.0),
        rows_of({"weak": WEAK, "strong": missed, "truth": [1.0] * 8}, organ="liver").assign(effort_clicks=20.0),
        rows_of({"weak": WEAK, "strong": STRONG}, dataset="b").assign(effort_clicks=30.0),
        *(
            rows_of({"whole": whole}, organ=organ, dataset=dataset).assign(annotation="dense", effort_clicks=math.nan)
            for dataset, organ in (("toy", "spleen"), ("toy", "liver"), ("b", "spleen"))
        ),
    ]
    rows = pd.concat(parts, ignore_index=True)
    return rows.assign(effort_cm=rows["effort_clicks"] * 0)


def test_each_dataset_has_its_methods_in_the_order_of_the_ranking_over_all_organs(rows):
    table = overview(rows)
    assert table[["dataset", "organ"]].drop_duplicates().to_numpy().tolist() == [["toy", "2 organs"], ["b", "spleen"]]
    assert table["series"].tolist() == ["whole", "strong", "weak"] * 2
    assert table["rank"].tolist() == [1, 2, 3] * 2


def test_values_are_those_of_scans_counts_and_efforts_those_of_all_organs(rows):
    table = overview(rows).set_index(["dataset", "series"])
    # On toy, one liver is missed: (8 x 0.845 + 8 x 0.845 - 0.80) / 16; on b, the mean of the main table.
    assert table.loc[("toy", "strong"), "dice_mean"] == pytest.approx(0.795)
    main = main_table(rows).set_index(["dataset", "method"])
    columns = ["dice_mean", "dice_low", "dice_high", "hd95_mean"]
    assert table.loc[("b", "strong"), columns].tolist() == main.loc[("b", "strong"), columns].tolist()
    assert table.loc[("b", "strong"), ["n", "n_missed", "effort_clicks"]].tolist() == [24, 1, 20]


def test_readers_see_the_best_method_without_dense_masks_its_interval_and_effort(rows):
    text = readable_overview(overview(rows), SHOWN).text
    assert text["Method"].tolist() == ["whole", "**strong**", "weak"]
    assert text["Effort"].tolist() == ["full masks", "20 clicks", "20 clicks"]
    assert text["missed"].tolist() == ["0 of 24", "1 of 24", "0 of 24"]
    assert list(text)[2:6] == [f"Dice ↑ (95 % interval), {name}" for name in ("toy", "b")] + [
        f"HD95 (mm) ↓, {name}" for name in ("toy", "b")
    ]
    assert text["Dice ↑ (95 % interval), b"][2].startswith("0.535 (0.")
    assert text["HD95 (mm) ↓, b"][2] == "4.65"


def test_a_modality_is_named_where_a_dataset_has_several(rows):
    text = readable_overview(overview(rows.assign(dataset="toy", modality=rows["dataset"])), SHOWN).text
    assert "Dice ↑ (95 % interval), toy (b)" in text


def test_metrics_for_which_there_is_no_room_are_left_out(rows):
    measures = [measure(name) for name in ("dice", "hd95", "jaccard")]
    one = rows[rows["dataset"] == "b"]
    five = pd.concat([rows, *(rows.assign(dataset=dataset) for dataset in "cde")])
    tables = [readable_overview(overview(part, measures), measures) for part in (one, five)]
    shown = [list(table.text)[2:-3] for table in tables]
    assert tables[1].note.endswith(
        "The other metrics are in the main table. Shown are 3 of 5 datasets; tables/overview.csv has all of them."
    )
    assert "Shown are" not in tables[0].note
    assert all("by Dice; a method in a lower group" in table.note for table in tables)
    assert shown == [
        ["Dice ↑ (95 % interval)", "HD95 (mm) ↓", "Jaccard ↑"],
        [f"Dice ↑ (95 % interval), {name}" for name in ("toy", "b", "c")],
    ]


def test_a_method_with_a_gap_has_no_mean_and_no_rank_of_a_missing_organ(rows):
    gap = rows[~((rows["method"] == "weak") & (rows["organ"] == "liver") & (rows["case"] == "c"))]
    text = readable_overview(overview(gap), SHOWN).text.set_index("Method")
    assert text.loc["weak", "Dice ↑ (95 % interval), toy"] == "–"
    assert text.loc["weak", "Dice ↑ (95 % interval), b"].startswith("0.535 (")
    without = rows[~((rows["method"] == "weak") & (rows["organ"] == "liver"))]
    text = readable_overview(overview(without), SHOWN).text.set_index("Method")
    assert text.loc["weak", ["rank", "group"]].tolist() == ["–", "–"]


@pytest.mark.parametrize(
    ("paid", "clicks", "words"),
    [
        ("once", 7, "7 clicks"),
        ("per_scan", 7, "7 clicks per new scan"),
        ("never", 0, "none"),
        ("", math.nan, "unknown"),
    ],
)
def test_effort_says_when_it_is_paid_and_whether_it_is_known(paid, clicks, words):
    rows = rows_of({"strong": STRONG}).assign(effort_clicks=float(clicks), effort_cm=0.0, effort_paid=paid)
    assert readable_overview(overview(rows), SHOWN).text["Effort"].tolist() == [words]
