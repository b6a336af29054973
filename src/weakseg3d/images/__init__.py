"""Reading, checking, resampling and perturbing volumes and masks, and preparing them as arrays for a network."""
