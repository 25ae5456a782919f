"""What the SQLite engine is made of: tables, segments, candidates. Imported by sqlite_storage.py only. May import what
storage may.
"""
