"""Tests of leindex.lsp."""
