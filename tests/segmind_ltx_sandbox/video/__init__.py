"""Draw the videos."""
