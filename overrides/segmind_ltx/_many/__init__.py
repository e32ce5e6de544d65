"""Run many jobs at once."""
