"""The figures beside the box plot show what they say, on cases and files whose content is known."""

import json
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from small_experiment import SHAPE, report, small_experiment

from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.evaluation.calibration import expected_calibration_error
from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.report.figures.case_panels import case_panels, chosen_cases
from weakseg3d.report.figures.dice_boxplot import dice_boxplot
from weakseg3d.report.figures.pseudo_labels import pseudo_label_figure
from weakseg3d.report.figures.ranking import LARGEST, ranking_figure
from weakseg3d.report.figures.reliability import measured_reliability, reliability_bins, reliability_figure
from weakseg3d.report.figures.style import picture_files
from weakseg3d.report.figures.training_curves import read_losses, training_figure
from weakseg3d.report.page.results import Results
from weakseg3d.statistics.ranking import ranking


def rows_of(methods, metric="dice", organ="spleen"):
    """Return rows from ``{method: {case: value}}``."""
    return pd.DataFrame(
        [
            ("toy", "ct", organ, "points", method, "0", case, metric, value, "1", "ok")
            for method, cases in methods.items()
            for case, value in cases.items()
        ],
        columns=COLUMNS,
    )


def draw(figure):
    """Lay a figure out with every warning an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.canvas.draw()
    return [axis for axis in figure.axes if axis.get_visible()]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return Results(small_experiment(tmp_path_factory.mktemp("figures"), uncertain=("good", "poor")))


def test_one_cases_dots_are_joined_but_not_through_controls():
    rows = rows_of({name: {"a": 0.1 * n, "b": 0.2 * n} for n, name in enumerate(("one", "truth", "two"), start=1)})
    (panel,) = draw(dice_boxplot(rows))
    pairs = [list(line.get_xdata()) for line in panel.lines if line.get_color() == "#999999"]
    assert sorted(pairs) == [pytest.approx([0.1, 0.3]), pytest.approx([0.2, 0.6])]


@pytest.mark.parametrize("methods", [1, 2, 9])
def test_any_number_of_methods_fits_the_box_plot(methods):
    rows = [
        rows_of({f"method_{n}": {"a": 0.5, "b": 0.6} for n in range(methods)}, organ=organ)
        for organ in ("liver", "aorta")
    ]
    left, right = draw(dice_boxplot(pd.concat(rows, ignore_index=True)))
    # Panels fill the figure.
    assert right.get_position().x1 > 0.95
    assert right.get_position().x0 - left.get_position().x1 < 0.05


def test_pictures_are_written_as_png_and_svg_and_the_same_twice():
    rows = rows_of({"weak": {"a": 0.5, "b": 0.6}})
    first, second = (picture_files("some/figure", dice_boxplot(rows)) for _ in range(2))
    assert list(first) == ["figures/some/figure.png", "figures/some/figure.svg"]
    assert first["figures/some/figure.png"].startswith(b"\x89PNG")
    assert b"<svg" in first["figures/some/figure.svg"]
    assert first == second


def test_ranking_has_the_best_on_top_and_shares_as_areas():
    key = {"dataset": "toy", "modality": "ct", "organ": "spleen", "metric": "dice"}
    ranks = pd.DataFrame([key | {"series": "second", "rank": 2}, key | {"series": "first", "rank": 1}])
    shares = pd.DataFrame(
        [key | {"series": name, "rank": rank, "share": 0.75 if (name == "first") == (rank == 1) else 0.25}
         for name in ("first", "second") for rank in (1, 2)]
    )  # fmt: skip
    (panel,) = draw(ranking_figure(ranks, shares))
    assert [label.get_text() for label in panel.get_yticklabels()] == ["first", "second"]
    assert panel.yaxis_inverted()
    circles, squares = panel.collections
    areas = {
        tuple(place): area / LARGEST for place, area in zip(circles.get_offsets(), circles.get_sizes(), strict=True)
    }
    assert areas == pytest.approx({(1, 0): 0.75, (2, 0): 0.25, (1, 1): 0.25, (2, 1): 0.75})
    assert sorted(map(tuple, squares.get_offsets())) == [(1, 0), (2, 1)]


@pytest.mark.parametrize("methods", [1, 2, 20])
def test_any_number_of_methods_fits_the_ranking(methods):
    rows = rows_of({f"method_{n}": {case: 0.5 + n / 99 for case in "abc"} for n in range(methods)})
    rows = pd.concat([rows, rows.assign(metric="hd95")])
    for figure in (ranking_figure(*ranking(rows)), ranking_figure(*ranking(rows[rows["case"] == "a"]))):
        assert len(draw(figure)[0].get_yticklabels()) == min(methods, 16)


def test_training_curves_are_those_of_the_losses(results):
    good, poor = draw(training_figure(results))
    assert [axis.get_title(loc="left") for axis in (good, poor)] == ["good", "poor"]
    (line,) = good.lines
    # A hundred steps: averaged over two of them.
    assert line.get_xdata()[-1] == 100
    assert line.get_ydata()[-1] == pytest.approx((1 / 100 + 1 / 99) / 2 + 0.1, rel=1e-4)


def test_a_broken_table_of_losses_ends_in_a_sentence(tmp_path):
    (tmp_path / "losses.csv").write_text("epoch,acc\n1,2\n")
    with pytest.raises(UserError, match=r"losses.csv: not a table of step and loss"):
        read_losses(tmp_path / "losses.csv")


def test_reliability_by_hand():
    p = np.array([0.02, 0.05, 0.05, 1.0, 0.99, 0.98])
    voxels, probabilities, organ = reliability_bins(p, np.array([0, 0, 1, 1, 1, 0], bool))
    assert (voxels[0], voxels[14], voxels.sum()) == (3, 3, 6)
    assert probabilities[0] == pytest.approx(0.12)
    assert (organ[0], organ[14]) == (1, 2)


def test_reliability_and_calibration_error_have_the_same_bins():
    generator = np.random.default_rng(0)
    p, reference = generator.uniform(size=5000), generator.uniform(size=5000) < 0.3
    voxels, probabilities, organ = reliability_bins(p, reference)
    gaps = np.abs(probabilities - organ).sum() / voxels.sum()
    assert gaps == pytest.approx(expected_calibration_error(p, reference))


def test_reliability_is_measured_in_the_region_of_the_maps(results):
    """Probabilities are 0.9 within predictions and 0.1 outside; `good` is right in most of both."""
    ((organ, methods),) = measured_reliability(results).items()
    assert organ == ("toy", "blob")
    assert list(methods) == ["good", "poor"]
    voxels, probabilities, organ_voxels = methods["good"]
    used = voxels > 0
    assert (probabilities[used] / voxels[used]).tolist() == pytest.approx([0.1, 0.9])
    outside, inside = organ_voxels[used] / voxels[used]
    assert outside < 0.1 < 0.75 < inside < 1
    assert voxels.sum() <= 3 * np.prod(SHAPE)
    (panel,) = draw(reliability_figure({organ: methods}))
    diagonal, good, poor = panel.lines
    assert good.get_ydata().tolist() == pytest.approx([outside, inside])
    assert good.get_marker() != poor.get_marker()
    assert reliability_figure({}) is None


def variants(method="pseudo_label"):
    return pd.concat(
        rows_of(
            {
                f"{method}+clicks-{clicks}+sigma-{sigma}": {
                    case: value * (0.5 + clicks / 100 - sigma / 100) for case in "ab"
                }
                for clicks in (5, 50)
                for sigma in (3, 10)
            },
            metric,
        )
        for metric, value in (("dice", 1), ("hd95", 10))
    )


def test_pseudo_label_quality_over_clicks_and_sigma():
    rows = pd.concat([variants(), variants("pw4medseg")])
    dice, hd95 = draw(pseudo_label_figure(rows))
    assert (dice.get_ylabel(), hd95.get_ylabel(), dice.get_xlabel()) == ("Dice", "HD95 (mm)", "clicks")
    lines = {line.get_label(): line for line in dice.lines}
    assert list(lines["3"].get_xdata()) == [5, 50]
    assert list(lines["3"].get_ydata()) == pytest.approx([0.52, 0.97])
    assert list(hd95.lines[1].get_ydata()) == pytest.approx([4.5, 9])
    assert pseudo_label_figure(variants("pw4medseg")) is None


def test_pseudo_labels_of_named_levels_are_points():
    rows = rows_of({f"pseudo_label+kind-{kind}": {"a": 0.5, "b": 0.7} for kind in ("box", "slices")})
    dice, _ = draw(pseudo_label_figure(rows))
    assert [label.get_text() for label in dice.get_xticklabels()] == ["box", "slices"]
    assert dice.lines[0].get_linestyle() == "None"


def test_worst_median_and_best_case_are_chosen_without_controls():
    rows = rows_of(
        {
            "one": {"a": 0.9, "b": 0.1, "c": 0.5, "d": 0.6, "e": 0.7},
            "truth": {"a": 0.0, "b": 1.0, "c": 1.0, "d": 1.0, "e": 1.0},
        }
    )
    assert chosen_cases(rows) == {"worst": "b", "median": "d", "best": "a"}
    assert chosen_cases(rows[rows["case"] == "a"]) == {"worst": "a"}


def test_panels_have_a_row_per_case_and_a_column_per_method(results):
    rows = read_metrics(results.folder / "tables/metrics.csv")
    figure = case_panels(rows, results, ["good", "poor", "truth", "empty"])
    panels = draw(figure)
    assert len(panels) == 3 * 3
    texts = [text.get_text() for text in figure.texts]
    assert [text for text in texts if ":" in text] == ["worst: 3", "median: 2", "best: 1"]
    assert texts[3:] == ["reference", "good", "poor"]
    # The missed organ of case 3 has no contour, and says so.
    assert [text.get_text() for text in panels[2].texts] == ["missed"]
    assert [len(panel.collections) for panel in panels[:3]] == [1, 2, 1]
    dice = rows[(rows["metric"] == "dice") & (rows["method"] == "good")].set_index("case")["value"]
    assert [text.get_text() for text in panels[7].texts] == [f"{dice['1']:.2f}"]


def test_an_organ_that_no_test_case_holds_is_said_to_be_absent(results):
    rows = read_metrics(results.folder / "tables/metrics.csv").assign(status="absent_in_both", value=float("nan"))
    figure = case_panels(rows, results, ["good", "poor"])
    assert [text.get_text() for text in figure.texts] == ["no test case holds the organ"]


def test_clicks_are_drawn_into_the_reference_where_they_lie(results):
    rows = read_metrics(results.folder / "tables/metrics.csv")
    panels = draw(case_panels(rows, results, ["good"]))
    reference, good = panels[:2]
    assert not good.lines
    (point,) = {tuple(line.get_xydata()[0]) for line in reference.lines}
    (path,) = reference.collections[0].get_paths()
    # The click is the organ's centre.
    assert point == pytest.approx((path.vertices.min(axis=0) + path.vertices.max(axis=0)) / 2, abs=0.75)


def test_all_figures_of_an_experiment_are_written_and_shown(tmp_path):
    folder = small_experiment(tmp_path)
    assert report(folder) == 0
    names = ["dice_boxplot", "ranking", "training", "reliability", "panels/toy/blob"]
    page = (folder / "report.html").read_text(encoding="utf-8")
    for name in names:
        assert (folder / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / f"figures/{name}.svg").stat().st_size > 1000
    assert page.count("data:image/png;base64,") == len(names)
    first = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert report(folder) == 0
    assert {path for path in first if path.read_bytes() != first[path]} == set()


def test_warnings_name_missed_organs_gaps_and_unused_training_cases(tmp_path, capsys):
    folder = small_experiment(tmp_path)
    run = folder / "7_models/toy/blob/points/good/seed-0/run.json"
    run.write_text(json.dumps(json.loads(run.read_text(encoding="utf-8")) | {"cases": ["8"]}), encoding="utf-8")
    metrics = folder / "tables/metrics.csv"
    lines = metrics.read_text(encoding="utf-8").splitlines()
    metrics.write_text("\n".join(line for line in lines if ",good,0,2," not in line) + "\n", encoding="utf-8")
    (folder / "8_predictions/toy/blob/points/good/seed-0/2.nii.gz").unlink()
    assert report(folder) == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    listed = re.search(r'id="warnings".*?</ul>', page, re.S)[0]
    for sentence in (
        "good on blob, toy: not evaluated for case 2 (seed 0)",
        "poor missed the blob, toy (ct) in 1 of 3 evaluations",
        "good on blob, toy: training left out 1 case without the organ: 9",
    ):
        assert sentence in listed
    assert "not evaluated for case 2" in capsys.readouterr().err


def test_a_folder_without_a_record_is_refused(tmp_path, capsys):
    rows_of({"weak": {"a": 0.5}}).to_csv(tmp_path / "metrics.csv", index=False)
    command = ["report", "--metrics", str(tmp_path / "metrics.csv"), "--out", str(tmp_path / "out")]
    assert main([*command, "--results", str(tmp_path)]) == 2
    assert "provenance.json: no such file" in capsys.readouterr().err
    assert main([*command, "--viewer-cases", "-1"]) == 2
    assert "--viewer-cases -1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
