"""Serve the service over HTTP."""
