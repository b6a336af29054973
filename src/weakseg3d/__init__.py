"""weakseg3d: how far do a few clicks per scan get you, and which method gets furthest?"""

__version__ = "0.1.0"
