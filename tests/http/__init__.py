"""Tests of leindex.http."""
