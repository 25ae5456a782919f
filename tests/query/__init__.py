"""Tests of leindex.query."""
