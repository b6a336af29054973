"""The table of the ranking."""

from compared_methods import METHODS, rows_of
from report_tables import records, report_on


def test_the_ranking_is_ordered_and_stable(tmp_path):
    tables = report_on(tmp_path, rows_of(METHODS))
    dice = [row for row in records(tables / "ranking.csv") if row["metric"] == "dice"]
    assert {row["series"]: row["rank"] for row in dice} == {"strong": "1", "middle": "2", "weak": "3"}
    assert {row["kendall_tau"] for row in dice} == {"1.0000"}
    lines = (tables / "ranking.md").read_text(encoding="utf-8").splitlines()
    assert [line.split("|")[4].strip() for line in lines if "| Dice |" in line] == ["strong", "middle", "weak"]
