"""What a config asks for: datasets, methods and studies with every name resolved, and where each file goes."""
