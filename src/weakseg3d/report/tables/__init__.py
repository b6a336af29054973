"""The tables of a report, computed from the long table of metrics."""
