"""What does this query ask? From text to a tree (parse.py) to a plan (plan.py). Pure functions; knows no engine. May
import regex, storage.formula, storage.tidy and values.
"""
