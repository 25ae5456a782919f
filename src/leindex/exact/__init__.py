"""Which lines match a pattern? Way in: `grep_parts` in tree.py, for matches `verify.Searcher`. May import views,
query, regex, storage and values.
"""
