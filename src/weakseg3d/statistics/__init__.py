"""Statistics of methods from the long table of metrics: intervals, tests and rankings.

A cell is a method (with an annotation) on an organ of a dataset and modality. Its evaluations are all test cases with
all seeds, pooled; with folds, every case is tested in exactly one fold, so pooling the folds also gives all cases. The
case is the independent unit: the seeds of a case stay together, both in a resample and in a test.

Only cases whose reference contains the organ count, and a missed organ counts with its penalty. No case is dropped
silently: a comparison uses the cases that all sides have, and the number of left-out cases is reported beside it.
"""
