"""What does this pattern mean? ripgrep's dialect, from text (parse.py) to meaning (hir.py), the literals that it
needs and the program of the matcher. May import storage.formula and values.
"""
