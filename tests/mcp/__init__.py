"""Tests of leindex.mcp."""
