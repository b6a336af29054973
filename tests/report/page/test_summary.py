"""The first sentences of the page: the best methods, and the warnings."""

import json
import re

import pandas as pd
from compared_methods import METHODS, STRONG, rows_of
from report_tables import report_on
from small_experiment import report, small_experiment


def test_the_page_begins_with_the_best_methods_and_how_certain_they_are(tmp_path):
    dense = rows_of({"whole": [value + 0.01 for value in STRONG]}).assign(annotation="dense")
    page = (report_on(tmp_path, pd.concat([rows_of(METHODS), dense])).parent / "report.html").read_text(
        encoding="utf-8"
    )
    assert "4 methods and 1 control on 1 organ, 8 test cases, 1 seed." in page
    summary = re.search(r'id="findings".*?</ul>', page, re.S)[0]
    # Four methods are six pairs: 6 x 2 / 2^8 = 0.047.
    assert "whole has the best Dice, 0.855 (95 % interval " in summary
    assert "), significantly better than 3 of 3 other methods; without dense masks, strong is best, 0.845 (" in summary


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
    warnings = re.search(r'id="warnings".*?</ul>', page, re.S)[0]
    for sentence in (
        "good on blob, toy: not evaluated for case 2 (seed 0)",
        "poor missed the blob, toy (ct) in 1 of 3 evaluations",
        "good on blob, toy: training left out 1 case without the organ: 9",
    ):
        assert sentence in warnings
    assert "not evaluated for case 2" in capsys.readouterr().err
