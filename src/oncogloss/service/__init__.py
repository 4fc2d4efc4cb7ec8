"""The service: the pipeline behind HTTP, on one CPU, and a page to look at what it finds."""
