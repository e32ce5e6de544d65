"""Render the videos."""
