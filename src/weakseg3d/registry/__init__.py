"""Networks, losses and other choices of a recipe, as their own files describe them: read without being run."""
