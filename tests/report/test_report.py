"""The verb ``report`` on a small table of metrics whose means are known."""

import csv
import re

import pytest

from weakseg3d.cli import main
from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.report.tables.method_facts import readable_annotation

# Dice 0.8 and 0.6: mean 0.7, SD sqrt(0.02) = 0.1414. HD95 2 and 4: mean 3, SD sqrt(2) = 1.4142.
# With a missed organ of diagonal 100 mm and Dice 0.8: mean 0.4, SD 0.5657; HD95 2 and 100: 51 and 69.2965.
CASES = [
    # method, case, status, Dice, HD95; the organ is absent from case c.
    ("weak", "a", "ok", "0.8", "2"),
    ("weak", "b", "ok", "0.6", "4"),
    ("weak", "c", "absent_in_reference", "0", ""),
    ("clumsy", "a", "ok", "0.8", "2"),
    ("clumsy", "b", "empty_prediction", "0", "100"),
    ("clumsy", "c", "absent_in_both", "", ""),
    ("truth", "a", "ok", "1", "0"),
    ("truth", "b", "ok", "1", "0"),
    ("truth", "c", "absent_in_both", "", ""),
]


def rows_of(cases=CASES, dataset="toy", organ="spleen", seed="0", annotation="points"):
    rows = []
    for method, case, status, dice, hd95 in cases:
        labels = [dataset, "ct", organ, annotation, method, seed, case]
        rows += [[*labels, "dice", dice, "1", status], [*labels, "hd95", hd95, "mm", status]]
    return rows


def write(path, rows, header=COLUMNS):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def report(metrics, out, *options):
    return main(["report", "--metrics", str(metrics), "--out", str(out), *options])


@pytest.fixture
def metrics(tmp_path):
    return write(tmp_path / "metrics.csv", rows_of())


def test_table_as_numbers(metrics, tmp_path):
    assert report(metrics, tmp_path / "out") == 0
    assert (tmp_path / "out/tables/main.csv").read_text(encoding="utf-8") == (
        "dataset,modality,organ,method,annotation,dice_mean,dice_sd,dice_median,dice_low,dice_high,dice_p,"
        "hd95_mean,hd95_sd,hd95_median,hd95_low,hd95_high,hd95_p,n,n_missed,n_absent,n_lacking,n_seeds,"
        "missed_share,missed_low,missed_high\n"
        "toy,ct,spleen,weak,points,0.7000,0.1414,0.7000,,,,3.0000,1.4142,3.0000,,,,2,0,1,0,1,0.0000,0.0000,0.6576\n"
        "toy,ct,spleen,clumsy,points,0.4000,0.5657,0.4000,,,,51.0000,69.2965,51.0000,,,,2,1,1,0,1,0.5000,0.0945,0.9055\n"
        "toy,ct,spleen,truth,points,1.0000,0.0000,1.0000,,,,0.0000,0.0000,0.0000,,,,2,0,1,0,1,0.0000,0.0000,0.6576\n"
    )


def test_table_for_readers(metrics, tmp_path):
    assert report(metrics, tmp_path / "out", "--title", "Toy", "--footer", "commit=abc") == 0
    text = (tmp_path / "out/tables/main.md").read_text(encoding="utf-8")
    assert text.startswith(
        "# Toy\n\n| Dataset | Modality | Organ | Method | Dice ↑ | Dice median | Dice 95 % interval | HD95 (mm) ↓ | "
    )
    assert (
        "| weak | **0.700 ± 0.141** | 0.700 |  | **3.00 ± 1.41** | 3.00 |  | 2 | 0 | 0 % (0–66) | 1 | 1 | points |"
        in text
    )
    assert (
        "| clumsy | <u>0.400 ± 0.566</u> | 0.400 |  | <u>51.00 ± 69.30</u> | 51.00 |  | 2 | 1 | 50 % (9–91) | 1 | 1 |"
        in text
    )
    # A control is never the best.
    assert "| truth \\* | 1.000 ± 0.000 | 1.000 |  | 0.00 ± 0.00 | 0.00 |  | 2 |" in text
    assert "\n- commit: abc\n" in text
    assert "abc" not in (tmp_path / "out/tables/main.csv").read_text(encoding="utf-8")


def test_equal_means_are_both_best(tmp_path):
    cases = [("first", "a", "ok", "0.80001", "2"), ("second", "a", "ok", "0.80002", "2")]
    assert report(write(tmp_path / "m.csv", rows_of(cases)), tmp_path / "out") == 0
    text = (tmp_path / "out/tables/main.md").read_text(encoding="utf-8")
    # One case has no standard deviation.
    assert text.count("| **0.800** | 0.800 |  | **2.00** | 2.00 |  | 1 |") == 2
    assert ",0.8000,,0.8000,,,,2.0000,,2.0000,,,,1,0,0,0,1,0.0000,0.0000,0.7935\n" in (
        tmp_path / "out/tables/main.csv"
    ).read_text(encoding="utf-8")


def test_order_is_that_of_first_appearance(tmp_path):
    rows = [*rows_of(organ="liver"), *rows_of(organ="aorta"), *rows_of(dataset="another", organ="liver")]
    assert report(write(tmp_path / "m.csv", rows), tmp_path / "out") == 0
    table = list(csv.DictReader((tmp_path / "out/tables/main.csv").open()))
    assert [(row["dataset"], row["organ"], row["method"]) for row in table] == [
        (dataset, organ, method)
        for dataset, organ in (("toy", "liver"), ("toy", "aorta"), ("another", "liver"))
        for method in ("weak", "clumsy", "truth")
    ]


def test_seeds_are_counted(tmp_path):
    rows = [*rows_of(seed="0"), *rows_of(seed="1")]
    assert report(write(tmp_path / "m.csv", rows), tmp_path / "out") == 0
    first = next(csv.DictReader((tmp_path / "out/tables/main.csv").open()))
    assert (first["n"], first["n_absent"], first["n_seeds"]) == ("4", "2", "2")


def test_organ_absent_everywhere_has_no_mean(tmp_path):
    cases = [("weak", "a", "absent_in_both", "", ""), ("weak", "b", "absent_in_reference", "0", "")]
    assert report(write(tmp_path / "m.csv", rows_of(cases)), tmp_path / "out") == 0
    assert ",points,,,,,,,,,,,,,0,0,2,0,1,,,\n" in (tmp_path / "out/tables/main.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path_part", "text"),
    [
        ("dense", "dense"),
        ("points_number-100_candidate_share-0.5_seed-0", "points, number 100, candidate share 0.5, simulated, seed 0"),
        ("seven-points_margin-3.0_seed-1", "seven-points, margin 3.0, simulated, seed 1"),
    ],
)
def test_annotations_are_spelt_out(path_part, text):
    assert readable_annotation(path_part) == text


def test_annotations_are_distinguished(tmp_path):
    rows = [*rows_of(annotation="points-50"), *rows_of(annotation="points-200")]
    assert report(write(tmp_path / "m.csv", rows), tmp_path / "out") == 0
    table = list(csv.DictReader((tmp_path / "out/tables/main.csv").open()))
    assert [row["annotation"] for row in table if row["method"] == "weak"] == ["points-50", "points-200"]


def test_a_folder_of_files_equals_one_file(metrics, tmp_path):
    for row, name in zip(range(0, len(CASES) * 2, 2), "abcdefghi", strict=True):
        write(tmp_path / "many" / name / "metrics.csv", rows_of()[row : row + 2])
    assert report(metrics, tmp_path / "one") == 0
    assert report(tmp_path / "many", tmp_path / "other") == 0
    for name in ("tables/main.csv", "tables/main.md", "report.html"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


@pytest.fixture
def out_with_overlays(tmp_path):
    """An output folder with a picture for two methods; any bytes do as a picture."""
    for method in ("clumsy", "weak"):
        path = tmp_path / "out/figures/overlays/toy/spleen" / f"{method}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"picture of " + method.encode())
    return tmp_path / "out"


def test_page_is_self_contained(metrics, out_with_overlays):
    assert report(metrics, out_with_overlays, "--footer", "commit=<abc>") == 0
    page = (out_with_overlays / "report.html").read_text(encoding="utf-8")
    assert "<link" not in page
    assert 'src="http' not in page
    assert "default-src 'none'" in page, "the page does not allow itself to load anything"
    assert "url(" not in page
    assert "@import" not in page
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    # Overview, box plot, two rankings and two overlays.
    assert len([address for address in addresses if address.startswith("data:image/png;base64,")]) == 6
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in addresses)
    for anchor in (address[1:] for address in addresses if address.startswith("#")):
        assert f'id="{anchor}"' in page
    assert "&lt;abc&gt;" in page


def test_no_sentence_of_the_page_holds_an_unfilled_placeholder(metrics, out_with_overlays):
    assert report(metrics, out_with_overlays) == 0
    page = (out_with_overlays / "report.html").read_text(encoding="utf-8")
    sentences = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", "", page, flags=re.S)
    assert re.findall(r"\{\w*\}", sentences) == []


def test_page_shows_table_pictures_and_definitions(metrics, out_with_overlays):
    assert report(metrics, out_with_overlays, "--title", "Toy") == 0
    page = (out_with_overlays / "report.html").read_text(encoding="utf-8")
    assert "<title>Toy</title>" in page
    assert "<strong>0.700 ± 0.141</strong>" in page
    assert "<td>truth *</td>" in page
    assert "clumsy missed the spleen, toy (ct) in 1 of 2 evaluations" in page
    assert "2 methods and 1 control on 1 organ, 3 test cases, 1 seed." in page
    assert page.index('id="summary"') < page.index('id="results"')
    # Pictures come in the order of the metrics, not of the alphabet.
    assert page.index("<figcaption>weak<") < page.index("<figcaption>clumsy<")
    for text in ("medpy.metric.binary.hd95", "hd95_directed_max", "absent_in_reference", "pseudo_label"):
        assert text in page


def test_page_leaves_out_pictures_of_methods_without_metrics(metrics, out_with_overlays):
    (out_with_overlays / "figures/overlays/toy/spleen/dropped.png").write_bytes(b"picture of an earlier run")
    assert report(metrics, out_with_overlays) == 0
    assert "<figcaption>dropped<" not in (out_with_overlays / "report.html").read_text(encoding="utf-8")


def test_second_call_writes_the_same_bytes(metrics, out_with_overlays):
    names = ("tables/main.csv", "tables/main.md", "figures/dice_boxplot.png", "report.html")
    contents = []
    for _ in range(2):
        assert report(metrics, out_with_overlays) == 0
        contents.append([(out_with_overlays / name).read_bytes() for name in names])
    assert contents[0] == contents[1]


def without(column):
    keep = [i for i, name in enumerate(COLUMNS) if name != column]
    return [COLUMNS[i] for i in keep], [[row[i] for i in keep] for row in rows_of()]


def changed(column, text):
    rows = rows_of()
    rows[0][COLUMNS.index(column)] = text
    return rows


def rejected(capsys, metrics, tmp_path):
    assert report(metrics, tmp_path / "out") == 2
    assert not (tmp_path / "out").exists()
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    return message


def test_missing_column(tmp_path, capsys):
    header, rows = without("status")
    assert "lacks status" in rejected(capsys, write(tmp_path / "m.csv", rows, header), tmp_path)


def test_unknown_column(tmp_path, capsys):
    header = [*COLUMNS, "mood"]
    rows = [[*row, "good"] for row in rows_of()]
    assert "unknown 'mood'" in rejected(capsys, write(tmp_path / "m.csv", rows, header), tmp_path)


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        ("value", "high", "'high' in row 2"),
        ("value", "", "in row 2 is not a number"),
        ("value", "nan", "in row 2 is not a number"),
        ("value", "inf", "in row 2 is not a number"),
        ("value", "0,8", "'0,8' in row 2 is not a number"),
        ("value", "1.2", "dice 1.2, which is outside its range of 0 to 1, in row 2"),
        ("value", "-0.1", "dice -0.1, which is outside its range"),
        ("status", "fine", "unknown status 'fine' in row 2"),
        ("status", "empty_prediction", "dice 0.8 with the status empty_prediction, which rules it out, in row 2"),
        ("status", "absent_in_both", "dice 0.8 with the status absent_in_both"),
        ("unit", "mm", "unit 'mm' of dice, which is in '1', in row 2"),
        ("metric", "dise", "unknown metric 'dise' in row 2"),
        ("seed", "0.0", "seed '0.0', which is not a whole number, in row 2"),
    ],
)
def test_bad_cell(tmp_path, capsys, column, text, message):
    assert message in rejected(capsys, write(tmp_path / "m.csv", changed(column, text)), tmp_path)


def replaced(row, **cells):
    rows = rows_of()
    for column, text in cells.items():
        rows[row][COLUMNS.index(column)] = text
    return rows


@pytest.mark.parametrize(
    ("row", "cells", "message"),
    [
        (1, {"value": "-2"}, "hd95 -2, which is outside its range of 0 to inf, in row 3"),
        (1, {"unit": "cm"}, "unit 'cm' of hd95, which is in 'mm', in row 3"),
        # A case has one status in all its metrics, and its organ is present for all methods or for none.
        (5, {"status": "absent_in_both"}, "case 'c' has rows with different statuses"),
        (9, {"value": "0"}, "hd95 0 with the status empty_prediction, which rules it out"),
        (5, {"value": "3"}, "hd95 3 with the status absent_in_reference, which rules it out"),
    ],
)
def test_rows_that_no_evaluation_writes(tmp_path, capsys, row, cells, message):
    assert message in rejected(capsys, write(tmp_path / "m.csv", replaced(row, **cells)), tmp_path)


def test_an_organ_that_is_present_for_only_one_method(tmp_path, capsys):
    cases = [case for case in CASES if case[:2] != ("clumsy", "c")] + [("clumsy", "c", "empty_prediction", "0", "100")]
    message = rejected(capsys, write(tmp_path / "m.csv", rows_of(cases)), tmp_path)
    assert "organ 'spleen', case 'c' has the organ in some rows and lacks it in others" in message


def test_a_lost_row_is_a_gap_only_in_its_metric(tmp_path, capsys):
    """Without its worse case, weak would have Dice 0.8."""
    rows = [row for row in rows_of() if not (row[4] == "weak" and row[6] == "b" and row[7] == "dice")]
    assert report(write(tmp_path / "m.csv", rows), tmp_path / "out") == 0
    weak = next(csv.DictReader((tmp_path / "out/tables/main.csv").open()))
    assert (weak["dice_mean"], weak["hd95_mean"], weak["n_lacking"]) == ("", "3.0000", "1")
    assert "weak on spleen, toy: not evaluated for case b" in capsys.readouterr().err


@pytest.mark.parametrize(
    "broken",
    [
        lambda text: text.replace(",", ";"),
        lambda text: text.replace("\r\n", ",\r\n").replace("status,", "status"),
        lambda text: text.replace(",ok", "", 1),
        lambda text: text.replace(",", "\t"),
        lambda text: text.partition("\n")[2],
    ],
    ids=["semicolons", "surplus commas", "a lost cell", "tabs", "no header"],
)
def test_another_shape_of_table(metrics, tmp_path, capsys, broken):
    text = metrics.read_bytes().decode()
    metrics.write_bytes(broken(text).encode())
    assert "metrics.csv: " in rejected(capsys, metrics, tmp_path)


@pytest.mark.parametrize(
    "saved",
    [
        lambda text: ("\ufeff" + text).encode(),
        lambda text: text.replace("\r\n", "\n").encode(),
        lambda text: (text + "\r\n\r\n").encode(),
        lambda text: text.replace(",0.8,", ', "0.8",').replace(', "', ',"').encode(),
    ],
    ids=["byte order mark", "line feeds", "empty lines", "quotes"],
)
def test_harmless_changes_by_an_editor_are_accepted(metrics, tmp_path, saved):
    assert report(metrics, tmp_path / "plain") == 0
    metrics.write_bytes(saved(metrics.read_bytes().decode()))
    assert report(metrics, tmp_path / "saved") == 0
    plain, again = ((tmp_path / name / "tables/main.csv").read_bytes() for name in ("plain", "saved"))
    assert plain == again


def test_row_given_twice(tmp_path, capsys):
    rows = rows_of()
    assert "more than one row" in rejected(capsys, write(tmp_path / "m.csv", [*rows, rows[0]]), tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00broken"])
def test_unreadable_file(tmp_path, capsys, content):
    (tmp_path / "m.csv").write_bytes(content)
    rejected(capsys, tmp_path / "m.csv", tmp_path)


def test_header_alone(tmp_path, capsys):
    assert "contains no metrics" in rejected(capsys, write(tmp_path / "m.csv", []), tmp_path)


def test_empty_folder(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert "contains no CSV file" in rejected(capsys, tmp_path / "empty", tmp_path)


def test_wrong_path(tmp_path, capsys):
    assert "nowhere" in rejected(capsys, tmp_path / "nowhere", tmp_path)


def test_a_negative_number_of_viewer_cases(metrics, tmp_path, capsys):
    assert report(metrics, tmp_path / "out", "--viewer-cases", "-1") == 2
    assert "--viewer-cases -1" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
