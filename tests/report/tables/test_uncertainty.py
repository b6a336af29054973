"""The table of uncertainty, on metrics whose means and correlations are known."""

import csv
import re
import warnings

import pandas as pd
import pytest

from weakseg3d.cli import main
from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.report.tables.uncertainty import readable_uncertainty, uncertainty_table

# Dice errors 0.1, 0.2, 0.3, 0.4 have the ranks 1 2 3 4. Entropies have 2 1 3 4: rho = 1 - 6 * 2 / (4 * 15) = 0.8.
# Variances have 4 3 2 1: rho = -1. ECE: mean 0.025, squared deviations 5e-4 in all, SD sqrt(5e-4 / 3) = 0.0129.
CASES = {
    "a": (0.9, 0.01, 0.20, 0.004),
    "b": (0.8, 0.02, 0.10, 0.003),
    "c": (0.7, 0.03, 0.30, 0.002),
    "d": (0.6, 0.04, 0.40, 0.001),
}
METRICS = {"dice": "1", "ece": "1", "mean_entropy": "bit", "mean_variance": "1"}


def rows_of(cases=CASES, method="weak", seed="0", organ="spleen", status="ok"):
    """Return rows of the long table; a case with only its Dice has no uncertainty."""
    return [
        ["toy", "ct", organ, "points", method, seed, case, metric, value, unit, status]
        for case, values in cases.items()
        for (metric, unit), value in zip(METRICS.items(), values, strict=False)
    ]


def table_of(*rows):
    return uncertainty_table(pd.DataFrame([row for part in rows for row in part], columns=COLUMNS))


def test_means_and_correlations_by_hand():
    (line,) = table_of(rows_of()).to_dict("records")
    assert (line["method"], line["annotation"], line["n"]) == ("weak", "points", 4)
    assert line["ece_mean"] == pytest.approx(0.025)
    assert line["ece_sd"] == pytest.approx((5e-4 / 3) ** 0.5)
    assert line["entropy_correlation"] == pytest.approx(0.8)
    assert line["variance_correlation"] == pytest.approx(-1)


def test_seeds_are_pooled():
    # The errors and entropies of the second seed lie above those of the first.
    worse = {case: (d - 0.5, ece, h + 0.5, v) for case, (d, ece, h, v) in CASES.items()}
    (line,) = table_of(rows_of(), rows_of(worse, seed="1")).to_dict("records")
    assert line["n"] == 8
    # In each seed, two ranks are exchanged: four differences of 1.
    assert line["entropy_correlation"] == pytest.approx(1 - 6 * 4 / (8 * 63))


def test_cases_without_the_organ_do_not_count():
    absent = rows_of({"e": (0.0, 0.9, 0.9, 0.2)}, status="absent_in_reference")
    missed = rows_of({"f": (0.0, 0.05, 0.5, 0.0)}, status="empty_prediction")
    (line,) = table_of(rows_of(), absent, missed).to_dict("records")
    assert line["n"] == 5
    assert line["ece_mean"] == pytest.approx(0.03)


@pytest.mark.parametrize(
    "cases",
    [
        pytest.param({case: CASES[case] for case in "ab"}, id="two cases"),
        pytest.param({case: (d, e, 0.5, 0.0) for case, (d, e, *_) in CASES.items()}, id="constant uncertainty"),
        pytest.param({case: (0.5, *rest) for case, (_, *rest) in CASES.items()}, id="constant error"),
    ],
)
def test_undefined_correlations(cases):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = table_of(rows_of(cases))
    assert table[["entropy_correlation", "variance_correlation"]].isna().all(axis=None)
    assert list(readable_uncertainty(table).text[["ρ entropy", "ρ variance"]].iloc[0]) == ["–", "–"]


def test_three_seeds_of_two_cases_do_not_count_as_three_cases():
    cases = {case: CASES[case] for case in "ab"}
    (line,) = table_of(*(rows_of(cases, seed=seed) for seed in "012")).to_dict("records")
    assert line["n"] == 6
    assert line["entropy_correlation"] != line["entropy_correlation"]


def test_methods_without_uncertainty_are_left_out():
    copies = rows_of({case: (1.0,) for case in CASES}, method="truth")
    table = table_of(copies, rows_of(method="second"), rows_of(method="first"), rows_of(method="first", organ="aorta"))
    assert list(zip(table["organ"], table["method"], strict=True)) == [
        ("spleen", "second"),
        ("spleen", "first"),
        ("aorta", "first"),
    ]


def test_the_best_is_marked():
    worse = {case: (d, 2 * e, h, v) for case, (d, e, h, v) in CASES.items()}
    text = readable_uncertainty(table_of(rows_of(), rows_of(worse, method="other"))).text
    assert list(text["ECE ↓"]) == ["**0.025 ± 0.013**", "<u>0.050 ± 0.026</u>"]
    assert list(text["ρ variance"]) == ["−1.00", "−1.00"]


def test_brier_scores_stand_beside_the_calibration_error():
    scores = [
        ["toy", "ct", "spleen", "points", "weak", "0", case, "brier", value, "1", "ok"]
        for case, value in zip("abcd", (0.1, 0.2, 0.3, 0.4), strict=True)
    ]
    table = table_of(rows_of(), scores)
    assert table["brier_mean"].tolist() == pytest.approx([0.25])
    assert table["brier_sd"].tolist() == pytest.approx([(0.05 / 3) ** 0.5])
    text = readable_uncertainty(table).text
    assert list(text.columns[4:6]) == ["ECE ↓", "Brier ↓"]
    assert list(text["Brier ↓"]) == ["**0.250 ± 0.129**"]
    assert "brier_mean" not in table_of(rows_of()), "a long table without Brier scores"


@pytest.fixture
def report(tmp_path):
    """Run the verb on rows and return the folder it wrote."""

    def run(rows):
        with open(tmp_path / "metrics.csv", "w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([COLUMNS, *rows])
        options = ["--out", str(tmp_path / "out"), "--title", "Toy", "--footer", "commit=abc"]
        assert main(["report", "--metrics", str(tmp_path / "metrics.csv"), *options]) == 0
        return tmp_path / "out"

    return run


def test_verb_writes_tables_and_section(report, tmp_path):
    picture = tmp_path / "out/figures/uncertainty/toy/spleen/weak.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"picture")
    out = report([*rows_of(), *rows_of({case: (1.0,) for case in CASES}, method="truth")])
    assert (out / "tables/uncertainty.csv").read_text(encoding="utf-8") == (
        "dataset,modality,organ,method,annotation,ece_mean,ece_sd,entropy_correlation,variance_correlation,n,n_lacking\n"
        "toy,ct,spleen,weak,points,0.0250,0.0129,0.8000,-1.0000,4,0\n"
    )
    text = (out / "tables/uncertainty.md").read_text(encoding="utf-8")
    assert text.startswith("# Toy: uncertainty\n\n| Dataset | Modality | Organ | Method | ECE ↓ | ρ entropy |")
    assert "| weak | **0.025 ± 0.013** | 0.80 | −1.00 | 4 | points |" in text
    assert "\n- commit: abc\n" in text
    page = (out / "report.html").read_text(encoding="utf-8")
    places = [page.index(text) for text in ('id="results"', 'id="uncertainty"', "0.025 ± 0.013", 'id="definitions"')]
    assert places == sorted(places)
    for text in ('href="#uncertainty"', "arXiv 1706.04599", "mean_variance", "variance of weak", "neither is better"):
        assert text in page


def test_a_table_without_any_organ_is_empty(report):
    out = report(rows_of({case: (0.0, *rest) for case, (_, *rest) in CASES.items()}, status="absent_in_reference"))
    assert len((out / "tables/uncertainty.csv").read_text(encoding="utf-8").splitlines()) == 1


def test_without_these_metrics_nothing_is_added(report):
    out = report(rows_of({case: (0.9,) for case in CASES}))
    assert not list(out.glob("tables/uncertainty*"))
    assert not re.search("uncertainty|mean_entropy", (out / "report.html").read_text(encoding="utf-8"))
