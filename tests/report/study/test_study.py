"""The study's table and figures, on metrics whose means are known."""

import csv
import re

import pandas as pd
import pytest
from drawing import draw

from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.experiment.effort_factor import is_numeric
from weakseg3d.report.study.figure import study_figure
from weakseg3d.report.study.references import spread
from weakseg3d.report.study.table import factors, readable_study, study_table

SPREAD = 0.1
"""Cases a and b lie this far below and above the mean, so the sample standard deviation is 0.1 sqrt(2)."""

SD = SPREAD * 2**0.5


def rows_of(means, organs=("spleen",)):
    """Return rows of two cases per organ and method from ``{method: mean Dice}``; HD95 is 10 less 10 Dice."""
    rows = []
    for organ in organs:
        for method, mean in means.items():
            for case, dice in (("a", mean - SPREAD), ("b", mean + SPREAD)):
                labels = ("toy", "ct", organ, "points", method, "0", case)
                rows += [(*labels, "dice", dice, "1", "ok"), (*labels, "hd95", 10 - 10 * dice, "mm", "ok")]
    return pd.DataFrame(rows, columns=COLUMNS)


def spread_rows(means):
    """Return rows as `rows_of` does, but of five cases around each mean, which are enough for an interval."""
    offsets = zip("abcde", (-SPREAD, -0.02, 0.0, 0.02, SPREAD), strict=True)
    rows = rows_of(means)
    first = rows[rows["case"] == "a"]
    step = (first["metric"] == "dice").map({True: 1.0, False: -10.0})
    return pd.concat(first.assign(case=case, value=first["value"] + step * (SPREAD + by)) for case, by in offsets)


CLICKS = {
    "dense": 0.8,
    "weak+clicks-25+sigma-3": 0.5,
    "weak+clicks-25+sigma-10": 0.6,
    "truth": 0.9,
    "weak+clicks-5+sigma-3": 0.3,
    "weak+clicks-5+sigma-10": 0.4,
    "empty": 0.1,
    "weak+clicks-100+sigma-3": 0.7,
    "weak+clicks-100+sigma-10": 0.65,
}
DISTURBANCES = {
    "weak+disturbance-jitter_5mm": 0.5,
    "weak+disturbance-none": 0.6,
    "weak+disturbance-blur": 0.4,
    "other+disturbance-jitter_5mm": 0.35,
    "other+disturbance-none": 0.45,
    "other+disturbance-blur": 0.3,
    "dense": 0.8,
}
CHOICES = {
    f"weak+target-{target}+loss-{loss}+attention-{attention}": 0.3 + 0.2 * i + 0.05 * j + 0.02 * k
    for i, target in enumerate(("soft", "hard"))
    for j, loss in enumerate(("focal", "dice", "ce", "robust"))
    for k, attention in enumerate(("pmsa", "none", "dot"))
}


def draw_study(rows):
    """Return the figure of a study once it is laid out."""
    figure = study_figure(rows)
    draw(figure)
    return figure


def panels(figure):
    return [axis for axis in figure.axes if axis.get_visible() and axis.get_title()]


def test_factors_and_levels_come_in_order_of_first_appearance():
    assert factors(rows_of(CLICKS)) == {"clicks": ["25", "5", "100"], "sigma": ["3", "10"]}
    assert factors(rows_of({"dense": 0.8})) == {}


def test_table_holds_levels_and_statistics():
    table = study_table(rows_of(CLICKS))
    head = ["dataset", "modality", "organ", "method", "clicks", "sigma"]
    values = ("mean", "sd", "median", "low", "high")
    statistics = [f"{measure}_{value}" for measure in ("dice", "hd95") for value in values]
    statistics += ["n", "n_missed", "n_absent", "n_lacking", "n_seeds", "missed_share", "missed_low", "missed_high"]
    assert list(table.columns) == head + statistics
    row = table.iloc[1]
    assert (row["method"], row["clicks"], row["sigma"]) == ("weak", "25", "10")
    assert row["dice_mean"] == pytest.approx(0.6)
    assert row["dice_sd"] == pytest.approx(SD)
    assert row["hd95_mean"] == pytest.approx(4)
    assert row["hd95_sd"] == pytest.approx(10 * SD)
    assert (row["n"], row["n_missed"], row["n_absent"], row["n_seeds"]) == (2, 0, 0, 1)


def test_references_stand_below_the_variants_of_each_organ():
    table = study_table(rows_of(CLICKS, organs=("spleen", "liver")))
    cells = list(table[["organ", "method", "clicks", "sigma"]].itertuples(index=False, name=None))
    variants = [("25", "3"), ("25", "10"), ("5", "3"), ("5", "10"), ("100", "3"), ("100", "10")]
    assert cells == [
        (organ, *rest)
        for organ in ("spleen", "liver")
        for rest in [*(("weak", *levels) for levels in variants), *((m, "", "") for m in ("dense", "truth", "empty"))]
    ]


def test_best_is_bold_and_controls_are_not_best():
    rows = rows_of({"weak+clicks-5": 0.5, "weak+clicks-9": 0.6, "pseudo_label+clicks-5": 0.8, "truth": 0.9})
    text = readable_study(study_table(rows), factors(rows)).text
    assert list(text.columns[:6]) == ["Dataset", "Modality", "Organ", "Method", "clicks", "Dice ↑"]
    assert "Annotation" not in text
    assert list(text["Method"]) == ["weak", "weak", "pseudo_label \\*", "truth \\*"]
    assert [cell.startswith("**") for cell in text["Dice ↑"]] == [False, True, False, False]


def test_two_annotations_of_one_method_are_rejected():
    rows = pd.concat([rows_of({"weak+clicks-5": 0.5}), rows_of({"weak+clicks-5": 0.6}).assign(annotation="other")])
    with pytest.raises(UserError, match=r"weak\+clicks-5"):
        study_table(rows)


def test_a_factor_named_like_a_column_is_rejected():
    with pytest.raises(UserError, match="factor 'n'"):
        study_table(rows_of({"weak+n-5": 0.5}))


def test_factors_that_are_not_crossed_are_rejected():
    with pytest.raises(UserError, match="clicks, sigma"):
        study_figure(rows_of({"weak+clicks-5": 0.5, "weak+sigma-3": 0.5}))


def test_a_variant_without_a_factor_is_only_in_the_table():
    rows = rows_of(CLICKS | {"other+clicks-5": 0.5})
    assert "other" in list(study_table(rows)["method"])
    assert [axis.get_title() for axis in panels(draw_study(rows))] == ["spleen, toy (ct)\nweak"]


@pytest.mark.parametrize(
    ("levels", "numeric"),
    [(["5", "10"], True), (["0.5", "2"], True), (["10_20"], False), (["none", "5"], False), (["nan"], False)],
)
def test_numbers_among_levels(levels, numeric):
    assert is_numeric(levels) is numeric


def test_curves_show_the_means_of_the_table():
    rows = rows_of(CLICKS)
    (panel,) = panels(draw_study(rows))
    lines = {line.get_label(): line for line in panel.lines}
    assert list(lines["3"].get_xdata()) == [5, 25, 100]
    assert list(lines["3"].get_ydata()) == pytest.approx([0.3, 0.5, 0.7])
    assert list(lines["10"].get_ydata()) == pytest.approx([0.4, 0.6, 0.65])
    assert panel.get_xscale() == "log"
    assert [label.get_text() for label in panel.get_xticklabels()] == ["5", "25", "100"]


def test_bands_are_the_intervals_of_the_table():
    rows = spread_rows(CLICKS)
    table = study_table(rows)
    table = table[table["sigma"] == "3"].assign(clicks=lambda t: t["clicks"].astype(int)).sort_values("clicks")
    (panel,) = panels(draw_study(rows))
    (outline,) = panel.collections[0].get_paths()
    band = {
        place: sorted({round(y, 9) for x, y in outline.vertices if x == place})
        for place in table["clicks"].astype(float)
    }
    for place, low, high in table[["clicks", "dice_low", "dice_high"]].itertuples(index=False):
        assert (band[place][0], band[place][-1]) == pytest.approx((low, high))
        assert high - low < 2 * SPREAD, "an interval of the mean is narrower than the range of the cases"


def test_curves_name_the_references():
    (panel,) = panels(draw_study(rows_of(CLICKS)))
    heights = {line.get_label(): line.get_ydata()[0] for line in panel.lines if line.get_linestyle() == "--"}
    assert heights == pytest.approx({"dense": 0.8, "truth": 0.9})
    assert {text.get_text() for text in panel.texts} == {"dense", "truth"}


def test_curves_have_a_panel_per_organ_method_and_further_level():
    means = {
        f"{method}+clicks-{clicks}+sigma-{sigma}+loss-{loss}": 0.5
        for method in "ab"
        for clicks in (2, 4, 8)
        for sigma in (3, 6)
        for loss in "xy"
    }
    figure = draw_study(rows_of(means, organs=("spleen", "liver")))
    further = ["a, loss x", "a, loss y", "b, loss x", "b, loss y"]
    titles = [f"{organ}, toy (ct)\n{text}" for organ in ("spleen", "liver") for text in further]
    assert [axis.get_title() for axis in panels(figure)] == titles
    assert panels(figure)[0].get_xscale() == "linear"


def test_one_number_gives_a_line_per_method():
    means = {"a+clicks-5": 0.3, "b+clicks-5": 0.4, "a+clicks-50": 0.6, "b+clicks-50": 0.5}
    (panel,) = panels(draw_study(rows_of(means)))
    assert {line.get_label(): list(line.get_ydata()) for line in panel.lines} == {
        "a": pytest.approx([0.3, 0.6]),
        "b": pytest.approx([0.4, 0.5]),
    }


def test_dots_lie_at_the_means_of_the_table():
    (panel,) = panels(draw_study(rows_of(DISTURBANCES)))
    assert [label.get_text() for label in panel.get_yticklabels()] == ["none", "jitter_5mm", "blur"]
    assert panel.yaxis_inverted()
    for container, means in zip(panel.containers, ([0.6, 0.5, 0.4], [0.45, 0.35, 0.3]), strict=True):
        dots, *_ = container.lines
        by_level = dict(zip((round(height) for height in dots.get_ydata()), dots.get_xdata(), strict=True))
        assert by_level == pytest.approx(dict(enumerate(means)))
    upright = [line.get_xdata()[0] for line in panel.lines if list(line.get_ydata()) == [0, 1]]
    assert sorted(upright) == pytest.approx([0.45, 0.6, 0.8])
    assert [text.get_text() for text in panel.texts] == ["dense"]


def test_bars_are_the_intervals_of_the_table():
    rows = spread_rows(DISTURBANCES)
    table = study_table(rows).set_index(["method", "disturbance"])
    (panel,) = panels(draw_study(rows))
    _, _, (bars,) = panel.containers[0].lines
    ends = sorted(segment[:, 0].tolist() for segment in bars.get_segments())
    limits = table.loc["weak", ["dice_low", "dice_high"]].sort_values("dice_low").to_numpy().tolist()
    assert ends == [pytest.approx(limit) for limit in limits]


def test_heatmaps_show_the_means_of_the_table():
    figure = draw_study(rows_of(CHOICES))
    soft, hard = panels(figure)
    assert [axis.get_title() for axis in (soft, hard)] == [
        f"spleen, toy (ct)\nweak, target {t}" for t in ("soft", "hard")
    ]
    assert [label.get_text() for label in soft.get_yticklabels()] == ["focal", "dice", "ce", "robust"]
    assert [label.get_text() for label in hard.get_xticklabels()] == ["pmsa", "none", "dot"]
    for axis, start in ((soft, 0.3), (hard, 0.5)):
        texts = {(round(x), round(y)): "" for x, y in (text.get_position() for text in axis.texts)}
        for text in axis.texts:
            x, y = (round(value) for value in text.get_position())
            texts[x, y] += text.get_text()
        assert texts == {(k, j): f"{start + 0.05 * j + 0.02 * k:.3f}± {SD:.3f}" for j in range(4) for k in range(3)}


def test_heatmaps_outline_the_best_of_an_organ():
    soft, hard = panels(draw_study(rows_of(CHOICES)))
    assert [patch for patch in soft.patches if not patch.get_fill()] == []
    (outline,) = [patch for patch in hard.patches if not patch.get_fill()]
    left, top = outline.get_xy()
    assert (round(left + 0.5), round(top + 0.5)) == (2, 3)


@pytest.mark.parametrize("means", [CLICKS, DISTURBANCES, CHOICES])
def test_single_cases_absent_organs_and_gaps_can_be_drawn(means):
    rows = rows_of(means, organs=("spleen", "liver"))
    first = next(name for name in means if "+" in name)
    rows = rows[(rows["case"] == "a") & ~((rows["organ"] == "liver") & (rows["method"] == first))]
    draw_study(rows)
    absent = rows["organ"] == "liver"
    draw_study(rows.assign(value=rows["value"].mask(absent), status=rows["status"].mask(absent, "absent_in_both")))


def test_labels_of_references_do_not_collide():
    assert list(spread([0.5, 0.9], 0.1, 1)) == [0.5, 0.9]
    assert list(spread([0.82, 0.8], 0.1, 1)) == pytest.approx([0.86, 0.76])
    assert list(spread([1, 0.99], 0.1, 1)) == pytest.approx([1, 0.9])
    assert list(spread([], 0.1, 1)) == []


def report(tmp_path, means, name="out"):
    metrics = tmp_path / f"{name}.csv"
    rows_of(means).to_csv(metrics, index=False)
    assert main(["report", "--metrics", str(metrics), "--out", str(tmp_path / name), "--title", "Toy"]) == 0
    return tmp_path / name


def test_verb_writes_the_study(tmp_path):
    out = report(tmp_path, CLICKS)
    table = list(csv.DictReader((out / "tables/study.csv").open()))
    assert (table[0]["clicks"], table[0]["sigma"], table[0]["dice_mean"]) == ("25", "3", "0.5000")
    assert (table[-1]["method"], table[-1]["clicks"]) == ("empty", "")
    text = (out / "tables/study.md").read_text(encoding="utf-8")
    assert text.startswith("# Toy: study\n\n| Dataset | Modality | Organ | Method | clicks | sigma | Dice ↑ |")
    assert "| --- | --- | --- | --- | --- | --- | ---: |" in text
    assert "| weak | 25 | 3 | 0.500 ± 0.141 | 0.500 |  | 5.00 ± 1.41 | 5.00 |  | 2 | 0 | 0 % (0–66) | 0 | 1 |" in text
    assert "| toy | ct | spleen | truth \\* |  |  | 0.900 ± 0.141 |" in text
    assert (out / "figures/study.png").read_bytes().startswith(b"\x89PNG")
    assert r"weak & 25 & 3 & 0.500 $\pm$ 0.141" in (out / "tables/study.tex").read_text(encoding="utf-8")
    wide = next(csv.DictReader((out / "tables/study_wide.csv").open()))
    assert (wide["clicks"], wide["sigma"], wide["toy/spleen/dice_mean"]) == ("25", "3", "0.5000")
    assert "weak+clicks-25+sigma-3" in (out / "tables/main.csv").read_text(encoding="utf-8")


def test_page_shows_the_study_above_folded_results(tmp_path):
    page = (report(tmp_path, CLICKS) / "report.html").read_text(encoding="utf-8")
    places = [page.index(text) for text in ('id="study"', 'id="results"', 'id="comparisons"', 'id="cases"')]
    assert places == sorted(places)
    assert "<details>" in page[places[1] : places[2]], "the main table, which repeats the study, is folded"
    # Overview, study, both rankings and box plot.
    assert page.count("data:image/png;base64,") == 5
    assert '<td class="level">weak</td><td class="level">25</td><td class="level">3</td><td>0.500' in page


def test_page_leaves_out_a_long_boxplot(tmp_path):
    out = report(tmp_path, CHOICES)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "cases" not in re.findall(r'(?:id|href)="#?([^"]*)"', page)
    assert page.count("data:image/png;base64,") == 4
    assert (out / "figures/dice_boxplot.png").exists()


def test_without_variants_there_is_no_study(tmp_path):
    out = report(tmp_path, {f"method_{number}": 0.5 for number in range(20)})
    page = (out / "report.html").read_text(encoding="utf-8")
    assert 'id="study"' not in page
    results = page[page.index('id="results"') : page.index('id="comparisons"')]
    assert "<details>" not in results, "the main table is not folded"
    assert 'id="cases"' in page
    assert not list(out.glob("*/study*"))


def test_second_call_writes_the_same_bytes(tmp_path):
    names = ("tables/study.csv", "tables/study.md", "figures/study.png", "report.html")
    first, second = (report(tmp_path, CHOICES, name) for name in ("one", "two"))
    assert [(first / name).read_bytes() for name in names] == [(second / name).read_bytes() for name in names]
