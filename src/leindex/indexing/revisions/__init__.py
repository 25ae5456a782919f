"""Views of git's commits: what is in a commit, read from the object store. May import what indexing may. Way in:
building.py."""
