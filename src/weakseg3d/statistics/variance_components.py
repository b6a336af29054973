"""How much of a metric's variance comes from the case, the training seed and the annotation seed.

Seeds are not cases: a mean over more seeds is no more certain about other patients. The variance of all evaluations of
a cell is split by the method of moments (analysis of variance with random effects) of a crossed design without
repetition: every case with every training seed and every annotation seed. A negative estimate is set to 0. Searle,
Casella and McCulloch 1992, Variance Components, chapter 4, doi:10.1002/9780470316856.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from weakseg3d.evaluation.annotators import has_several
from weakseg3d.evaluation.long_table import WITH_ORGAN
from weakseg3d.experiment.annotation_seeds import SEED, without_seed
from weakseg3d.statistics.cells import ORGAN

SOURCES = ("case", "seed", "annotation_seed", "seed_and_annotation", "residual")
"""Sources of variance; the fourth is what one training with one annotation adds to both of its seeds."""

COLUMNS = [
    *ORGAN,
    *("method", "annotation", "metric", "unit", "n_cases", "n_seeds", "n_annotation_seeds"),
    *(f"sd_{source}" for source in SOURCES),
]
"""Columns of the table."""


def variance_components(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row per cell and metric with the `COLUMNS`; ``rows`` are those of `read_metrics`, or
    what `with_one_cell_per_method` makes of them.

    ``sd_{source}`` are the standard deviations by source (`components`), in the unit of the metric. A source with one
    level only, such as a single seed, is NaN and part of the residual or of the case. Annotations that differ only in
    their seed are one cell. Only cases with all seeds count; with fewer than two of them all are NaN.
    """
    if has_several(rows):
        rows = rows.assign(seed=rows["training_seed"])
    else:
        seeds = rows["annotation"].str.extract(SEED, expand=False).fillna("")
        rows = rows.assign(annotation=rows["annotation"].map(without_seed), annotation_seed=seeds)
    lines = []
    key = [*ORGAN, "method", "annotation", "metric", "unit"]
    for labels, group in rows.groupby(key, sort=False):
        values = group[group["status"].isin(WITH_ORGAN)].pivot(
            index="case", columns=["seed", "annotation_seed"], values="value"
        )
        levels = [sorted(set(group[column])) for column in ("seed", "annotation_seed")]
        values = values.reindex(columns=pd.MultiIndex.from_product(levels)).dropna()
        cube = values.to_numpy(float).reshape(len(values), len(levels[0]), len(levels[1]))
        found = components(cube)
        lines.append(
            dict(zip(key, labels, strict=True))
            | dict(zip(("n_cases", "n_seeds", "n_annotation_seeds"), cube.shape, strict=True))
            | {f"sd_{source}": np.sqrt(found[source]) for source in SOURCES}
        )
    return pd.DataFrame(lines, columns=COLUMNS)


def components(values: ArrayLike) -> dict[str, float]:
    """Return the variance by source (`SOURCES`) of ``values`` (cases, seeds, annotation seeds), negative ones as 0.

    A factor with a single level has no variance (NaN). With neither seeds nor annotation seeds the residual cannot be
    told from the case and is NaN.
    """
    values = np.asarray(values, float)
    cases, seeds, annotations = values.shape
    found = dict.fromkeys(SOURCES, np.nan)
    runs = seeds * annotations
    if cases < 2:
        return found
    grand = values.mean()
    case, run = values.mean(axis=(1, 2)), values.mean(axis=0)
    mean_square_case = runs * ((case - grand) ** 2).sum() / (cases - 1)
    if runs == 1:
        return found | {"case": mean_square_case}
    deviations = values - case[:, None, None] - run[None] + grand
    residual = (deviations**2).sum() / ((cases - 1) * (runs - 1))
    found |= {"case": max(0.0, (mean_square_case - residual) / runs), "residual": residual}
    seed, annotation = run.mean(axis=1), run.mean(axis=0)
    below = residual
    if seeds > 1 and annotations > 1:
        both = run - seed[:, None] - annotation[None] + grand
        below = cases * (both**2).sum() / ((seeds - 1) * (annotations - 1))
        found["seed_and_annotation"] = max(0.0, (below - residual) / cases)
    for source, means, others in (("seed", seed, annotations), ("annotation_seed", annotation, seeds)):
        if len(means) > 1:
            mean_square = cases * others * ((means - grand) ** 2).sum() / (len(means) - 1)
            found[source] = max(0.0, (mean_square - below) / (cases * others))
    return found
