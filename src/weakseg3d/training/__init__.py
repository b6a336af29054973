"""Training of networks with Lightning, on random patches of the training cases."""
