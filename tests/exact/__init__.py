"""Tests of leindex.exact."""
