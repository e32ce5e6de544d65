"""Keep the ledger in PostgreSQL. Needs the extra ``fleet``."""
