"""Training: patches drawn from the cases, one Lightning module, one function that ties them together."""
