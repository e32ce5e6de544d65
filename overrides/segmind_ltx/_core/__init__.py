"""The decisions of the client, as pure functions and flows: no HTTP, no threads, no I/O."""
