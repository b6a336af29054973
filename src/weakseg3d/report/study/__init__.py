"""The table and the figures of a study, in which methods are crossed with the levels of factors."""
