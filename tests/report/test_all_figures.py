"""All figures of an experiment are written and shown."""

from small_experiment import report, small_experiment


def test_all_figures_of_an_experiment_are_written_and_shown(tmp_path):
    folder = small_experiment(tmp_path)
    assert report(folder) == 0
    names = ["overview", "dice_boxplot", "ranking", "overall_ranking", "training", "reliability", "panels/toy/blob"]
    page = (folder / "report.html").read_text(encoding="utf-8")
    for name in names:
        assert (folder / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / f"figures/{name}.svg").stat().st_size > 1000
    assert page.count("data:image/png;base64,") == len(names)
    first = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert report(folder) == 0
    assert {path for path in first if path.read_bytes() != first[path]} == set()
