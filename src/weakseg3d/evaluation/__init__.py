"""How well a predicted mask agrees with its reference."""
