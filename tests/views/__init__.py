"""Tests of leindex.views."""
