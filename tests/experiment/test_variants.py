"""A variant's name says which method it is, at which levels."""

import pytest

from weakseg3d.experiment.variants import variant_name, variant_parts


@pytest.mark.parametrize(
    ("method", "levels", "name"),
    [
        ("pw4medseg", {"clicks": "25", "sigma": "10"}, "pw4medseg+clicks-25+sigma-10"),
        ("unetr_pseudo", {"disturbance": "jitter_5mm"}, "unetr_pseudo+disturbance-jitter_5mm"),
        ("pw4medseg", {"share": "0.5", "loss": "Dice_CE"}, "pw4medseg+share-0.5+loss-Dice_CE"),
        ("dense_unet", {}, "dense_unet"),
    ],
)
def test_round_trip(method, levels, name):
    assert variant_name(method, levels) == name
    assert variant_parts(name) == (method, levels)


def test_order_of_factors_is_kept():
    _, levels = variant_parts("weak+zeta-1+alpha-2")
    assert list(levels) == ["zeta", "alpha"]


def test_numbers_become_text():
    assert variant_parts(variant_name("weak", {"clicks": 5, "share": 0.5})) == ("weak", {"clicks": "5", "share": "0.5"})
