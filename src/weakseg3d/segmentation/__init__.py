"""Trained models in use: label maps of scans that nobody has annotated."""
