"""The two metrics that all tables of results show."""

MEASURES = {"dice": 1, "hd95": -1}
"""Their names in the long table; 1 if higher is better, -1 if lower is."""

TITLES = {"dice": "Dice", "hd95": "HD95 (mm)"}
"""Their titles in tables and figures."""

DECIMALS = {"dice": 3, "hd95": 2}
"""Decimals shown to readers; values that agree in them count as equally good."""

SIGNIFICANT = 0.05
"""A method is marked as worse than the best one if its corrected p-value is below this."""
