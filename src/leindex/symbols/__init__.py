"""What is defined where? Way in: `find_symbols`, `references` and `outline` in find.py. May import views, query,
regex, storage and values.
"""
