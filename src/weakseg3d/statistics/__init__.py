"""What the long table of metrics says about methods: intervals, tests and rankings.

A cell is one method (with one annotation) on one organ of one dataset and modality. Its evaluations are all test
cases with all seeds, pooled; with folds, every case belongs to the one fold that tests it, so the folds pool to the
cases too. The case is the independent unit: seeds of one case go together, in a resample as in a test.

Only cases whose reference holds the organ count, a missed organ with its penalty. Nothing here drops a case
unseen: what is compared is what all sides have, and what one of them lacks is counted beside it.
"""
