"""Raw data: downloads with resumption, verification and unpacking, and instructions for manual downloads."""
