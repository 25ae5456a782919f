"""Which state is asked? Way in: view.py. May import query, regex, storage and values."""
