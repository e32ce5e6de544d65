"""Run a file of requests: ``segmind-ltx batch``."""
