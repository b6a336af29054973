"""The results of an experiment in one archive, from which anybody can make its tables again."""
