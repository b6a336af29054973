"""How a step runs, not what it computes: batches of cases, devices, code hashes, and one run taking over another."""
