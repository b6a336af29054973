"""report.html and what it is made of: the finished results, the summary, the slice viewer."""
