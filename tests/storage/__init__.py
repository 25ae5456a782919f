"""Tests of leindex.storage."""
