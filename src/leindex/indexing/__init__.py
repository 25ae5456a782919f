"""From a tree of files to documents in a store."""
