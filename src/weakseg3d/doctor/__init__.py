"""What this machine has of what the parts of weakseg3d need; nothing here imports what it looks for, except torch."""
