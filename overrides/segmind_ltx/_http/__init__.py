"""Carry out what flows ask for, over HTTP."""
