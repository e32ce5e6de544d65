"""Decide and remember what the emulated service does."""
