"""A folder that is not that of an experiment is rejected."""

from metrics_rows import table_of

from weakseg3d.cli import main


def test_a_folder_without_a_record_is_rejected(tmp_path, capsys):
    table_of({"weak": {"a": 0.5}}).to_csv(tmp_path / "metrics.csv", index=False)
    command = ["report", "--metrics", str(tmp_path / "metrics.csv"), "--out", str(tmp_path / "out")]
    assert main([*command, "--results", str(tmp_path)]) == 2
    assert "provenance.json: no such file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
