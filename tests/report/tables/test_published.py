"""Values published by others."""

import pytest
from compared_methods import METHODS, rows_of
from report_tables import report_on

HEADER = "dataset,organ,method,metric,mean,sd,citation\n"


def test_published_values_stand_in_a_marked_column(tmp_path, capsys):
    path = tmp_path / "published.csv"
    path.write_text(
        HEADER + "toy,spleen,strong,dice,0.9,0.02,A. Author 2020\ntoy,liver,strong,dice,0.8,,B. Author 2021\n"
    )
    tables = report_on(tmp_path, rows_of(METHODS), "--published", str(path))
    text = (tables / "main.md").read_text(encoding="utf-8")
    assert "| Dice, published ‡ |" in text
    assert "| 0.900 ± 0.020 [1] |" in text
    assert "HD95, published" not in text
    assert "not computed here: [1] A. Author 2020 [2] B. Author 2021" in text
    assert "**0.845 ± 0.047**" in text, "a published value does not compete with ours"
    assert "published dice of strong on liver, toy, has no row" in capsys.readouterr().err


def test_the_table_of_a_study_explains_them_as_well(tmp_path):
    (tmp_path / "published.csv").write_text(HEADER + "toy,spleen,strong,dice,0.9,,A. Author 2020\n")
    rows = rows_of(METHODS | {"weak+clicks-5": METHODS["weak"]})
    text = (report_on(tmp_path, rows, "--published", str(tmp_path / "published.csv")) / "study.md").read_text(
        encoding="utf-8"
    )
    assert "| 0.900 [1] |" in text
    assert "not computed here: [1] A. Author 2020" in text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("dataset,organ\n", "the header must be"),
        (HEADER + "toy,spleen,strong,iou,0.9,,A\n", "metric 'iou' in row 2"),
        (HEADER + "toy,spleen,strong,dice,0.9,,\n", "row 2 has no citation"),
        (HEADER + "toy,spleen,strong,dice,high,,A\n", "mean 'high' in row 2"),
        (HEADER + "toy,spleen,strong,dice,85.4,,A\n", "dice in row 2 is outside its range of 0 to 1"),
        (HEADER + "toy,spleen,strong,hd95,3,-1,A\n", "hd95 in row 2 is outside its range"),
        (HEADER + "toy,spleen,strong,dice,0.9,,A\ntoy,spleen,strong,dice,0.8,,A\n", "row 3 repeats the value"),
        ("", "published.csv: empty"),
    ],
)
def test_wrong_values_are_rejected(tmp_path, capsys, content, sentence):
    (tmp_path / "published.csv").write_text(content)
    assert report_on(tmp_path, rows_of(METHODS), "--published", str(tmp_path / "published.csv")) == 2
    message = capsys.readouterr().err
    assert sentence in message
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()
