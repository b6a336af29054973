"""Simulate how often 95 % intervals of a mean over n cases hold the true mean, and how wide they are.

Five intervals, among them the one of all tables (`weakseg3d.statistics.intervals`), on data like those of the metrics:
normal; Dice-like (beta); HD95-like (lognormal); heavy-tailed (Pareto); and with missed organs, one case in ten, whose
Dice is 0 and whose distance is the diagonal of the volume. Every trial draws n independent cases.
"""

import numpy as np
import pandas as pd
from measure import sized  # which also lets this process find the package
from scipy import stats
from simulation import print_by_data_and_size, simulation_options

from weakseg3d.statistics.intervals import UNBOUNDED, interval_of_means

SIZES = sized((3, 4, 5, 6, 8, 10, 15, 20, 30, 50), tiny=(4, 6))
TRIALS = sized(10_000, tiny=20)
RESAMPLES = 999
"""Resamples of the bootstraps."""

RATIO, DISTANCE = (0.0, 1.0), (0.0, np.inf)
MISSED = 0.1
"""Share of missed organs."""

DIAGONAL = 400.0
"""The HD95 of a missed organ in mm."""


def _mixed(values, missed, penalty):
    return np.where(missed, penalty, values)


DATA = {
    "normal": (lambda rng, size: rng.normal(0.8, 0.05, size), 0.8, RATIO),
    "normal, without bounds": (lambda rng, size: rng.normal(0, 1, size), 0.0, UNBOUNDED),
    "Dice-like, beta(8, 2)": (lambda rng, size: rng.beta(8, 2, size), 0.8, RATIO),
    "Dice-like, beta(18, 2)": (lambda rng, size: rng.beta(18, 2, size), 0.9, RATIO),
    "Dice-like, beta(30, 1.5)": (lambda rng, size: rng.beta(30, 1.5, size), 30 / 31.5, RATIO),
    "HD95-like, lognormal(0.5)": (lambda rng, size: 5 * rng.lognormal(0, 0.5, size), 5 * np.exp(0.5**2 / 2), DISTANCE),
    "HD95-like, lognormal(1)": (lambda rng, size: 5 * rng.lognormal(0, 1, size), 5 * np.exp(0.5), DISTANCE),
    "heavy-tailed, Pareto(3)": (lambda rng, size: 2 * (1 + rng.pareto(3, size)), 3.0, DISTANCE),
    "Dice, a tenth missed": (
        lambda rng, size: _mixed(rng.beta(18, 2, size), rng.random(size) < MISSED, 0.0),
        (1 - MISSED) * 0.9,
        RATIO,
    ),
    "HD95, a tenth missed": (
        lambda rng, size: _mixed(5 * rng.lognormal(0, 0.5, size), rng.random(size) < MISSED, DIAGONAL),
        (1 - MISSED) * 5 * np.exp(0.5**2 / 2) + MISSED * DIAGONAL,
        DISTANCE,
    ),
}
"""Functions that draw values (trials, n), their true mean, and their range."""


def students_t(values, bounds, rng):
    """Return m ± t·s/√n of ``values`` (trials, n), clipped to ``bounds``."""
    low, high = interval_of_means(values)
    return np.clip(low, *bounds), np.clip(high, *bounds)


def percentile(values, bounds, rng):
    """Return the percentile interval of the bootstrap. Efron and Tibshirani 1993, chapter 13."""
    means = values @ _counts(values, rng).T / values.shape[1]
    return tuple(np.quantile(means, [0.025, 0.975], axis=1))


def bca(values, bounds, rng):
    """Return the bias-corrected and accelerated interval. Efron 1987, doi:10.1080/01621459.1987.10478410."""
    means = np.sort(values @ _counts(values, rng).T / values.shape[1], axis=1)
    mean = values.mean(axis=1, keepdims=True)
    centred = values - mean
    below = (means < mean).mean(axis=1) + (means == mean).mean(axis=1) / 2
    bias = stats.norm.ppf(np.clip(below, 1 / RESAMPLES, 1 - 1 / RESAMPLES))
    spread = (centred**2).sum(axis=1)
    acceleration = (centred**3).sum(axis=1) / (6 * np.where(spread > 0, spread, 1) ** 1.5)
    ends = []
    for z in stats.norm.ppf([0.025, 0.975]):
        share = stats.norm.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))
        position = np.clip(np.rint(share * RESAMPLES).astype(int), 0, RESAMPLES - 1)
        ends.append(means[np.arange(len(means)), position])
    return ends


def studentised(values, bounds, rng):
    """Return the bootstrap-t interval, clipped to ``bounds``. Efron and Tibshirani 1993, section 12.5."""
    counts, n = _counts(values, rng), values.shape[1]
    mean, error = values.mean(axis=1, keepdims=True), values.std(axis=1, ddof=1, keepdims=True) / np.sqrt(n)
    means = values @ counts.T / n
    errors = np.sqrt(np.maximum(values**2 @ counts.T / n - means**2, 0) / (n - 1))
    t = np.divide(means - mean, errors, out=np.zeros_like(means), where=errors > 1e-9 * np.abs(mean))
    low, high = np.quantile(t, [0.025, 0.975], axis=1)
    return np.clip(mean[:, 0] - high * error[:, 0], *bounds), np.clip(mean[:, 0] - low * error[:, 0], *bounds)


def ours(values, bounds, rng):
    """Return the interval of all tables."""
    return interval_of_means(values, bounds)


INTERVALS = {
    "percentile bootstrap": percentile,
    "BCa": bca,
    "Student's t": students_t,
    "studentised": studentised,
    "t, transformed": ours,
}


def _counts(values, rng):
    n = values.shape[1]
    return rng.multinomial(n, np.full(n, 1 / n), RESAMPLES).astype(float)


def coverage(data=DATA, sizes=SIZES, intervals=INTERVALS, trials=TRIALS, seed=0):
    """Return a table with the columns data, n, interval, ``coverage`` and mean ``width``.

    ``data`` and ``intervals`` are names in `DATA` and `INTERVALS`. All intervals see the same trials.
    """
    lines = []
    for name in data:
        draw, truth, bounds = DATA[name]
        for n in sizes:
            rng = np.random.default_rng([seed, n])
            values = draw(rng, (trials, n))
            for interval in intervals:
                low, high = INTERVALS[interval](values, bounds, rng)
                held = (low <= truth) & (truth <= high)
                lines.append((name, n, interval, held.mean(), (high - low).mean()))
    return pd.DataFrame(lines, columns=["data", "n", "interval", "coverage", "width"])


def main():
    """Print the table: coverage, and the mean width in brackets."""
    options = simulation_options(__doc__, TRIALS, SIZES)
    table = coverage(sizes=options.sizes, trials=options.trials)
    print_by_data_and_size(table, INTERVALS, lambda line: f"{line.coverage:.3f} ({line.width:.3g})")


if __name__ == "__main__":
    main()
