"""NSD."""

from weakseg3d.evaluation.comparison import Comparison
from weakseg3d.evaluation.metric import Metric

NSD_TOLERANCE = 2.0
"""Tolerance in mm of the normalised surface Dice for organs that are not in `NSD_TOLERANCES`."""

NSD_TOLERANCES = {
    "liver": 5.0,
    "pancreas": 5.0,
    "stomach": 5.0,
    "duodenum": 7.0,
    "spleen": 3.0,
    "right_kidney": 3.0,
    "left_kidney": 3.0,
    "esophagus": 3.0,
}
"""Tolerances in mm by organ, from the FLARE 2022 challenge (Ma et al. 2024, doi:10.1016/S2589-7500(24)00154-7), which
uses 2 mm for the vessels, the gallbladder and the adrenal glands."""

TOLERANCES_IN_WORDS = "the tolerance is " + ", ".join(
    [f"{mm:g} mm for {organ.replace('_', ' ')}" for organ, mm in NSD_TOLERANCES.items()]
    + [f"{NSD_TOLERANCE:g} mm elsewhere, or what --nsd-tolerance gives"]
)


def nsd(comparison: Comparison) -> float:
    """Return the share of the area of both surfaces that is within the tolerance of the other surface."""
    return comparison.surface_area_within / comparison.surface_area


METRIC = Metric(
    nsd,
    title="NSD",
    unit="1",
    range=(0, 1),
    higher_is_better=True,
    definition=f"share of the area of both surfaces within a tolerance of the other surface; {TOLERANCES_IN_WORDS}",
    source="surface_distance.compute_surface_dice_at_tolerance (google-deepmind); Nikolov et al. 2021, "
    "doi:10.2196/26151; tolerances of FLARE 2022, doi:10.1016/S2589-7500(24)00154-7",
    empty_prediction=0.0,
    absent_in_reference=0.0,
)
