"""Which passages answer a query best? Way in: `search.search`. May import symbols, views, query, regex, storage and
values.
"""
