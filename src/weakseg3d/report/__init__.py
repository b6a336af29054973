"""From the long table of metrics to tables, figures and one page that shows them."""
