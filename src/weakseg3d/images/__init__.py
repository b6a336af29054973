"""Reading, checking and resampling volumes and masks, and preparing them as arrays for a network."""
