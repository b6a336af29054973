"""All organs of a scan as one evaluation: by hand, with absent, missed and lacking organs."""

import math

import pandas as pd
import pytest
from metrics_rows import table_of

from weakseg3d.statistics.cell_summary import summary
from weakseg3d.statistics.pooled import pooled_over_organs

MISSED = (0, "empty_prediction")
ABSENT = (math.nan, "absent_in_both")


def pooled(*tables):
    rows = pooled_over_organs(pd.concat(tables, ignore_index=True))
    return rows.set_index(["method", "seed", "case"])


def test_the_value_of_a_scan_is_the_mean_over_its_organs():
    rows = pooled(
        table_of({"x": {"a": [0.9, 0.8], "b": 0.6}}), table_of({"x": {"a": [0.5, 0.6], "b": 0.2}}, organ="liver")
    )
    assert rows["value"].to_dict() == pytest.approx({("x", "0", "a"): 0.7, ("x", "1", "a"): 0.7, ("x", "0", "b"): 0.4})
    assert set(rows["organ"]) == {"2 organs"}
    assert set(rows["status"]) == {"ok"}


def test_an_organ_that_the_scan_lacks_does_not_count_and_a_missed_one_does():
    rows = pooled(
        table_of({"x": {"a": 0.9, "b": 0.8, "c": ABSENT}}),
        table_of({"x": {"a": ABSENT, "b": MISSED, "c": ABSENT}}, organ="liver"),
    )
    assert rows["value"].to_dict() == pytest.approx({("x", "0", "a"): 0.9, ("x", "0", "b"): 0.4})


def test_a_mean_over_fewer_organs_than_others_have_is_none():
    rows = pooled(
        table_of({"x": {"a": 0.9, "b": 0.8}, "y": {"a": 0.9, "b": 0.8}}),
        table_of({"x": {"a": 0.7, "b": None}, "y": {"a": 0.7, "b": 0.6}}, organ="liver"),
    )
    assert rows.loc[("x", "0", "b"), "status"] == "lacking"
    assert math.isnan(rows.loc[("x", "0", "b"), "value"])
    assert rows.drop(("x", "0", "b"))["value"].tolist() == pytest.approx([0.8, 0.8, 0.7])


def test_datasets_and_modalities_stay_apart_and_a_single_organ_stays_as_it_is():
    spleen, liver = table_of({"x": {"a": 0.9}}), table_of({"x": {"a": 0.5}}, organ="liver")
    other = table_of({"x": {"a": [0.3, MISSED]}}).assign(modality="mr")
    rows = pooled_over_organs(pd.concat([spleen, liver, other], ignore_index=True))
    assert rows.loc[rows["modality"] == "ct", "value"].tolist() == pytest.approx([0.7])
    pd.testing.assert_frame_equal(rows[rows["modality"] == "mr"].reset_index(drop=True)[list(other)], other)


def test_organs_of_a_scan_do_not_narrow_the_interval():
    one = table_of({"x": dict(zip("abcdef", (0.9, 0.8, 0.7, 0.6, 0.7, 0.8), strict=True))})
    thrice = pd.concat([one, one.assign(organ="liver"), one.assign(organ="kidney")], ignore_index=True)
    columns = ["mean", "low", "high", "n_cases"]
    (alone,), (together,) = (summary(rows)[columns].to_numpy() for rows in (one, pooled_over_organs(thrice)))
    assert together == pytest.approx(alone)
