"""Tests of leindex.indexing."""
