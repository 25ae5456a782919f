"""What the DuckDB engine is made of. Imported by duckdb_storage.py only. May import what storage may."""
