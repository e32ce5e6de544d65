"""Decisions of the client, without HTTP, threads or I/O."""
