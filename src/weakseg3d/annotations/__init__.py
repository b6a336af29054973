"""Weak annotations: what a person would click or draw, simulated from a mask or saved from 3D Slicer."""
