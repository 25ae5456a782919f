"""From one engine to another, and comparing two indexes. Ways in: `Migration` in migrate.py, compare.py. May import
what storage may.
"""
