"""Tables of a report: computed from the long table of metrics, and written as CSV, Markdown and LaTeX."""
