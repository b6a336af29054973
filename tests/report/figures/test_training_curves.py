"""The training curves show the losses that trainings wrote."""

import pytest
from drawing import draw
from small_experiment import small_experiment

from weakseg3d.errors import UserError
from weakseg3d.report.figures.training_curves import read_losses, training_figure
from weakseg3d.report.results import Results


def test_curves_show_the_averaged_losses(tmp_path):
    good, poor = draw(training_figure(Results(small_experiment(tmp_path))))
    assert [axes.get_title(loc="left") for axes in (good, poor)] == ["good", "poor"]
    (line,) = good.lines
    # A hundred steps are averaged over two of them.
    assert line.get_xdata()[-1] == 100
    assert line.get_ydata()[-1] == pytest.approx((1 / 100 + 1 / 99) / 2 + 0.1, rel=1e-4)


def test_a_broken_table_of_losses_is_rejected(tmp_path):
    (tmp_path / "losses.csv").write_text("epoch,acc\n1,2\n")
    with pytest.raises(UserError, match=r"losses.csv: not a table of step and loss"):
        read_losses(tmp_path / "losses.csv")
