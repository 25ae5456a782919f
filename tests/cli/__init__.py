"""Tests of leindex.cli."""
