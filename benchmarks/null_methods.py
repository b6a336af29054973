"""Simulate how often equal methods are called different: the share of experiments with any p (Holm) below 0.05.

The methods of a trial are exchangeable: on each of n cases they share its difficulty and differ by noise of one
distribution. The test is that of all tables (`weakseg3d.statistics.comparison`): Wilcoxon's signed-rank test of every
pair over cases, corrected by Holm. Data are like those of the metrics, also with ties: Dice of two decimals, and missed
organs, whose Dice is 0 for several methods at once.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from measure import sized  # which also lets this process find the package
from simulation import print_by_data_and_size, simulation_options

from weakseg3d.statistics.comparison import SIGNIFICANT, holm, signed_rank_test

SIZES = sized((8, 20, 50), tiny=(8,))
METHODS = sized((2, 4), tiny=(3,))
TRIALS = sized(600, tiny=10)
MISSED = 0.2
"""Share of missed organs."""


def _dice(rng, shape):
    """Return Dice (trials, cases, methods): harder cases vary more, so that their distribution is skewed."""
    trials, n, _ = shape
    hardness = rng.beta(2, 8, (trials, n, 1))
    return 1 - hardness * rng.lognormal(0, 0.3, shape)


def _with_missed(rng, shape):
    return np.where(rng.random(shape) < MISSED, 0.0, _dice(rng, shape))


DATA = {
    "Dice-like": _dice,
    "Dice-like, two decimals": lambda rng, shape: _dice(rng, shape).round(2),
    "Dice-like, a fifth missed": _with_missed,
    "HD95-like": lambda rng, shape: 5 * rng.lognormal(0, 0.7, (*shape[:2], 1)) * rng.lognormal(0, 0.5, shape),
}
"""Functions that draw exchangeable values (trials, cases, methods)."""


def told_apart(values):
    """Return whether any two methods are significantly different, for ``values`` (cases, methods)."""
    pairs = combinations(range(values.shape[1]), 2)
    p_values = [signed_rank_test(values[:, first] - values[:, second])[0] for first, second in pairs]
    return bool((holm(p_values) < SIGNIFICANT).any())


def false_findings(data=DATA, sizes=SIZES, methods=METHODS, trials=TRIALS, seed=0):
    """Return a table with the columns data, n, methods and ``share``, that of the trials with a false finding."""
    lines = []
    for name in data:
        for n in sizes:
            for number in methods:
                values = DATA[name](np.random.default_rng([seed, n, number]), (trials, n, number))
                lines.append((name, n, number, np.mean([told_apart(trial) for trial in values])))
    return pd.DataFrame(lines, columns=["data", "n", "methods", "share"])


def main():
    """Print the table: the share of trials with a false finding for each number of methods."""
    options = simulation_options(__doc__, TRIALS, SIZES)
    table = false_findings(sizes=options.sizes, trials=options.trials)
    headings = [f"{number} methods" for number in table["methods"].unique()]
    print_by_data_and_size(table, headings, lambda line: f"{line.share:.3f}")


if __name__ == "__main__":
    main()
