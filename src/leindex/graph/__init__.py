"""Who refers to what? Way in: `ask` in ask.py. May import views, query, regex, storage, symbols and values.

References are stored as places in contents (linkage.py). source.py reads one file with them, program.py finds files
and definitions of a view, resolve.py decides what a reference means by the rules of its language (rules/), and ask.py
and its neighbours answer questions with that. No edge is drawn without a grade and a reason.
"""
