"""Weak annotations: what a person would click or draw, simulated from a mask or read from a 3D Slicer file."""
