"""Tests of leindex.ranked."""
