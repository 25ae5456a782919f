"""Tests of leindex.symbols."""
