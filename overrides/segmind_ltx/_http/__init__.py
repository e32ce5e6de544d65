"""Perform the effects that flows ask for, over HTTP."""
