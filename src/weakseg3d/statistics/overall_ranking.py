"""One ranking over all organs, modalities and datasets, its stability, its groups, and the agreement of metrics.

Methods are ranked on each organ by their mean, and then by the mean of these ranks: every organ counts the same,
however many cases it has and whatever the unit of the metric. After the challenges' rank-then-aggregate, Maier-Hein et
al. 2018, doi:10.1038/s41467-018-07619-7, and Wiesenfarth et al. 2021, doi:10.1038/s41598-021-82017-6.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weakseg3d.statistics.bootstrap import FEWEST_CASES, RESAMPLES, case_counts
from weakseg3d.statistics.cells import DECIMALS, ORGAN, case_means, found_nothing
from weakseg3d.statistics.comparison import SIGNIFICANT, holm, lowest_p, signed_rank_test
from weakseg3d.statistics.ranking import kendall_tau, ranks_of, resampled_means

COLUMNS = [
    *("metric", "series", "rank", "mean_rank", "group", "better_than", "n_organs", "n_cases"),
    *("average_rank_cases", "average_rank_organs", "tau_cases", "tau_organs", "reason"),
]
"""Columns of the ranking."""

SHARE_COLUMNS = ["metric", "resampled", "series", "rank", "share"]
"""Columns of the table of shares of resamples."""

AGREEMENT_COLUMNS = [*ORGAN, "first", "second", "kendall_tau", "n_methods"]
"""Columns of the agreement between metrics."""


@dataclass(frozen=True)
class _Organ:
    """The means over seeds of the cases that all ranked methods have on an organ: (cases, methods)."""

    name: tuple[str, str, str]
    cases: list[str]
    values: NDArray[np.float64]
    """Higher is better; a method that found the organ in no case has a value below all others."""


def overall_ranking(
    rows: pd.DataFrame, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the ranking over all organs for each metric, the shares of its resamples, and the agreement of metrics.

    ``rows`` are those of `read_metrics`, without controls. The first table has one row per method and metric with the
    `COLUMNS`: ``mean_rank`` over the ``n_organs`` organs, ``rank``; the ``group`` and ``better_than`` of
    `significance_groups` over ``n_cases`` cases, or the ``reason`` why there are none; the average rank when cases and
    when organs are resampled, and Kendall's tau-b with the full ranking (`kendall_tau`). On each organ, the cases that
    all methods have count. A method without results on some organ has no rank (NaN), and says so under ``reason``; nor
    has one that found no organ at all. A method that found some organ in no case is last there.

    The second table has, for ``resampled`` cases and organs, the share of resamples in which a method has a rank. Cases
    are resampled within each organ, and organs that share all cases are resampled alike; with fewer than
    `FEWEST_CASES` cases on any organ, or fewer than that many organs, there are none. The third table has Kendall's
    tau-b between the rankings by two metrics, on each organ and (with empty labels) over all.
    """
    lines, shares, orders = [], [], {}
    nothing = found_nothing(rows)
    by_metric: dict[str, list[tuple[tuple[str, str, str], int, pd.DataFrame]]] = {}
    for (dataset, modality, organ, metric), sign, means in case_means(rows):
        by_metric.setdefault(metric, []).append(((dataset, modality, organ), sign, means))
    for metric, parts in by_metric.items():
        series = list(dict.fromkeys(name for _, _, means in parts for name in means))
        everywhere = [
            name for name in series if all(name in means and means[name].notna().any() for _, _, means in parts)
        ]
        ranked = [name for name in everywhere if any((*key, name) not in nothing for key, _, _ in parts)]
        organs = [_organ(part, ranked, nothing) for part in parts] if ranked else []
        line: dict[str, dict[str, object]] = {name: {"reason": "no result on some organ"} for name in series}
        line |= {name: {"reason": "found no organ in any case"} for name in everywhere}
        if organs and all(organ.cases for organ in organs):
            facts, part_shares, order = _ranked(organs, ranked, resamples, seed)
            line |= facts
            shares += [{"metric": metric} | share for share in part_shares]
            orders[metric] = (ranked, order)
        elif organs:
            line |= {name: {"reason": "no case in common on some organ"} for name in ranked}
        lines += [{"metric": metric, "series": name} | line[name] for name in series]
    agreement = pd.DataFrame(_agreement(orders), columns=AGREEMENT_COLUMNS)
    return pd.DataFrame(lines, columns=COLUMNS), pd.DataFrame(shares, columns=SHARE_COLUMNS), agreement


def _organ(
    part: tuple[tuple[str, str, str], int, pd.DataFrame], ranked: list[str], nothing: set[tuple[str, str, str, str]]
) -> _Organ:
    organ, sign, means = part
    common = means[ranked].dropna()
    values = sign * common.to_numpy(float)
    if values.size:
        # Below all others, but finite: an infinite value that a resample leaves out would still spoil its mean.
        values[:, [(*organ, name) in nothing for name in ranked]] = values.min() - 1
    return _Organ(organ, list(common.index), values)


def _ranked(
    organs: list[_Organ], ranked: list[str], resamples: int, seed: int
) -> tuple[dict[str, dict[str, object]], list[dict[str, object]], dict[tuple[str, str, str], NDArray[np.float64]]]:
    """Return the facts of each method, the shares, and the ranks on each organ and (with empty labels) over all."""
    per_organ = np.array([_organ_ranks(organ.values.mean(axis=0, keepdims=True))[0] for organ in organs])
    mean_ranks = per_organ.mean(axis=0).round(DECIMALS)
    ranks = ranks_of(mean_ranks[None], -1)[0]
    resampled = {}
    if min(len(organ.cases) for organ in organs) >= FEWEST_CASES:
        total = np.zeros((resamples, len(ranked)))
        for organ in organs:
            total += _organ_ranks(resampled_means(case_counts(len(organ.cases), resamples, seed), organ.values))
        resampled["cases"] = ranks_of((total / len(organs)).round(DECIMALS), -1)
    if len(organs) >= FEWEST_CASES:
        resampled["organs"] = ranks_of(
            resampled_means(case_counts(len(organs), resamples, seed), per_organ).round(DECIMALS), -1
        )
    groups, better_than, n_cases, reason = significance_groups(organs_to_cases(organs), ranks)
    facts: dict[str, dict[str, object]] = {}
    shares: list[dict[str, object]] = []
    for column, name in enumerate(ranked):
        facts[name] = {
            "rank": ranks[column],
            "mean_rank": mean_ranks[column],
            "group": groups[column],
            "better_than": better_than[column],
            "n_organs": len(organs),
            "n_cases": n_cases,
            "reason": reason,
        }
        for kind, drawn in resampled.items():
            facts[name][f"average_rank_{kind}"] = drawn[:, column].mean()
            facts[name][f"tau_{kind}"] = kendall_tau(drawn, ranks)
            counts = np.bincount(drawn[:, column], minlength=len(ranked) + 1)[1:]
            shares += [
                {"resampled": kind, "series": name, "rank": rank, "share": count / resamples}
                for rank, count in enumerate(counts, start=1)
            ]
    order = {organ.name: row for organ, row in zip(organs, per_organ, strict=True)} | {("", "", ""): mean_ranks}
    return facts, shares, order


def _organ_ranks(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks (resamples, methods) of means of which higher ones are better; equal means share their rank."""
    from scipy.stats import rankdata

    return rankdata(-means.round(DECIMALS), method="average", axis=1)


def organs_to_cases(organs: list[_Organ]) -> NDArray[np.float64]:
    """Return the mean ranks (cases, methods) of the methods on each case over its organs, 1 being best.

    The case of a dataset is the independent unit, so that its organs do not count as several observations.
    """
    ranks = [pd.DataFrame(_organ_ranks(organ.values), index=organ.cases) for organ in organs]
    named = pd.concat(ranks, keys=[organ.name[:2] for organ in organs])
    return named.groupby(level=list(range(named.index.nlevels))).mean().to_numpy()


def significance_groups(
    case_ranks: NDArray[np.float64], ranks: NDArray[np.integer]
) -> tuple[list[float], list[float], int, str]:
    """Return the group of each method, the number of methods it is significantly better than, the cases, and a reason.

    ``case_ranks`` are the ranks (cases, methods) of the methods on each case, ``ranks`` (methods,) the ranking. Every
    pair of methods is compared by the signed-rank test over cases, corrected by Holm for all pairs that could be
    tested. The methods are gone through from the best to the worst; one that is significantly worse than the best of
    the current group opens the next group, so that no group holds a method significantly worse than its first. Methods
    that differ in no case are one group. Where no test could be significant, groups are NaN and the reason says why;
    otherwise it is empty.
    """
    n, methods = case_ranks.shape
    unknown = [np.nan] * methods
    if methods < 2:
        return unknown, unknown, n, "only one method is ranked"
    pairs = list(combinations(range(methods), 2))
    differences = [(case_ranks[:, first] - case_ranks[:, second]).round(DECIMALS) for first, second in pairs]
    p_values = [signed_rank_test(difference)[0] for difference in differences]
    if not np.any(differences):
        return [1.0] * methods, [0.0] * methods, n, ""
    tested = int(np.count_nonzero(~np.isnan(p_values)))
    lowest = tested * lowest_p(n)
    if not tested:
        return unknown, unknown, n, f"{n} cases, too few for a test"
    if lowest >= SIGNIFICANT:
        return unknown, unknown, n, f"{n} cases and {tested} tests, where p (Holm) cannot be below {lowest:.2g}"
    better = np.zeros((methods, methods), bool)
    for (first, second), difference, p in zip(pairs, differences, holm(p_values), strict=True):
        if p < SIGNIFICANT:
            winner, loser = (first, second) if difference.mean() < 0 else (second, first)
            better[winner, loser] = True
    groups, group, head = [np.nan] * methods, 0, None
    for method in np.argsort(ranks, kind="stable"):
        if head is None or better[head, method]:
            head, group = method, group + 1
        groups[method] = float(group)
    return groups, [float(number) for number in better.sum(axis=1)], n, ""


def _agreement(
    orders: dict[str, tuple[list[str], dict[tuple[str, str, str], NDArray[np.float64]]]],
) -> list[tuple[object, ...]]:
    from scipy.stats import kendalltau

    lines: list[tuple[object, ...]] = []
    for first, second in combinations(orders, 2):
        (names, ranks), (other_names, other_ranks) = orders[first], orders[second]
        both = [name for name in names if name in other_names]
        for organ in ranks.keys() & other_ranks.keys():
            values = [
                [order[organ][known.index(name)] for name in both]
                for known, order in ((names, ranks), (other_names, other_ranks))
            ]
            tau = float(kendalltau(*values).statistic) if len(both) > 1 else np.nan
            lines.append((*organ, first, second, tau, len(both)))
    return sorted(lines, key=lambda line: [str(part) for part in line[:5]])
