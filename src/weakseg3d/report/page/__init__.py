"""report.html: its contents, its template, its summary and its viewer of slices."""
