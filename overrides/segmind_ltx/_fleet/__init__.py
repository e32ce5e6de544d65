"""Run a batch on many machines: one ledger in PostgreSQL, one budget, one rate. Needs the extra ``fleet``.

The row decides, never the queue: the queue only says which row to look at next, and may say so twice. A row is
submitted only by the worker that turned it from ``todo`` to ``sending`` in one transaction with its money and its
place in the account's rate.
"""
