"""Prediction: a mask and its uncertainty from a trained model and an image; controls take the place of a model."""
