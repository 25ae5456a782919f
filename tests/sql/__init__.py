"""Tests of leindex.sql."""
