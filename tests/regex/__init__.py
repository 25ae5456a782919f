"""Tests of leindex.regex."""
