"""From a trained model and an image to a mask and its uncertainty; controls stand in for a model."""
