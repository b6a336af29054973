"""The table that `segment` writes: volumes and uncertainty of every organ in every scan."""

TABLE = "volumes.csv"
COLUMNS = ("scan", "organ", "volume_ml", "overlap_ml", "uncertainty_bits", "largest_probability", "problem")
