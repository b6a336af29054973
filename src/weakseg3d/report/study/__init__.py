"""The table and the figures of a study: methods crossed with the levels of factors."""
