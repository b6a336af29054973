"""Choosing one of several settings of a method by validation cases, never by test cases."""
