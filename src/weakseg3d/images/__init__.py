"""Volumes and masks: read, checked, resampled, perturbed, and turned into the arrays a network sees."""
