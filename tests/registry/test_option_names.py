"""Options of a verb and parameters of the kinds that it offers, which may have the same name."""

import argparse

from weakseg3d.pseudo_labels import PSEUDO_LABELS
from weakseg3d.registry.options import add_kinds, chosen


def test_a_parameter_called_like_an_option_of_the_verb_leaves_that_option_alone():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sigma", default="theirs")
    add_kinds(parser, PSEUDO_LABELS)
    args = parser.parse_args(["--sigma", "a", "gaussian", "--sigma", "3"])
    assert args.sigma == "a"
    assert chosen(args, PSEUDO_LABELS).values["sigma"] == 3.0
