"""What does a statement over an index return? Way in: run.py. May import symbols, views, query, regex, storage and
values.
"""
