"""What a ledger does in any database: its rows, its statements, and a SQLite file that is opened again if need be."""
