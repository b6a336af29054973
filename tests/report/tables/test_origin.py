"""The footer of the tables."""

import re

from compared_methods import METHODS, rows_of
from report_tables import report_on


def test_the_footer_names_the_origin_of_the_numbers(tmp_path):
    options = ["--selection", "strong=weak_labels", "weak=last", "--footer", "evaluated on=moon"]
    tables = report_on(tmp_path, rows_of(METHODS), *options)
    for name in ("main.md", "against_best.md", "ranking.md", "main.tex", "main_wide.md"):
        text = (tables / name).read_text(encoding="utf-8")
        for part in (
            "evaluated on: moon",
            "seeds: 0",
            "weak labels: strong; last step: weak",
            "medpy.metric.binary.hd95",
        ):
            assert part in text, name
        assert re.search(r"commit: ([0-9a-f]{40}|unknown)", text)
        assert re.search(r"requirements.lock: sha256 [0-9a-f]{12}", text)
