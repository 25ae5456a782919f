"""What is in this tree? From a tree of files to documents in a store. Way in: `Update` in pipeline.py. May import
storage, query, regex and values.
"""
