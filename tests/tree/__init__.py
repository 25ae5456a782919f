"""Tests of leindex.tree."""
