"""The report: from the long table of metrics to tables, figures and one page that shows them.

Imports go in one direction: `build` gathers everything, ``page`` builds on ``figures``, these on ``study``, ``tables``
and, at the base, `results`, `style` and `picture`.
"""
