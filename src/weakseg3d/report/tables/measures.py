"""The metrics that a report shows, as the config names them; the registry says how."""

from dataclasses import dataclass

from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.metric import COMPUTED, PENALTY
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.schemas import choose
from weakseg3d.statistics import comparison

SIGNIFICANT = comparison.SIGNIFICANT
"""A method is marked as worse than the best one if its corrected p-value is below this."""


@dataclass(frozen=True)
class Measure:
    """How a metric is shown; its name is that of the long table."""

    name: str
    title: str
    unit: str
    """``1`` for a ratio, else such as ``mm``."""
    sign: int
    """1 if higher is better, -1 if lower is, 0 if neither: then no method is the best."""
    decimals: int
    """Decimals shown to readers; values that agree in them count as equally good."""

    @property
    def label(self):
        """The title with its unit, for axes and cells."""
        return self.title if self.unit == "1" else f"{self.title} ({self.unit})"

    @property
    def arrow(self):
        """An arrow in the direction that is better, after a space; nothing if neither is."""
        return {1: " ↑", -1: " ↓", 0: ""}[self.sign]

    @property
    def when_missed(self):
        """What a missed organ counts with, in words."""
        value = METRICS[self.name].empty_prediction
        if value == COMPUTED:
            return f"the {self.title.lower()} of an empty prediction"
        return f"the diagonal of the volume as its {self.title}" if value == PENALTY else f"{self.title} {value:g}"


def measure(name):
    """Return the `Measure` called ``name``; raises UserError, with the names that exist, if there is none."""
    known = METRICS | UNCERTAINTY
    metric = known[choose(name, known, "metric")]
    sign = {True: 1, False: -1, None: 0}[metric.higher_is_better]
    return Measure(name, metric.title, metric.unit, sign, metric.decimals)


SHOWN = (measure("dice"), measure("hd95"))
"""What tables show unless the config says otherwise."""


def measures_in(table):
    """Return the measures whose means a ``table`` of cells holds (``{name}_mean``), in the order of its columns."""
    names = [column.removesuffix("_mean") for column in table if column.endswith("_mean")]
    return [measure(name) for name in names if name in METRICS]
