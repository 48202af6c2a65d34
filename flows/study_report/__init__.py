"""The report of a pipeline as one HTML file that is read, printed and passed on."""
