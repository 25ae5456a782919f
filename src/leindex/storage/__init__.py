"""Engines that keep documents and find candidates, behind one interface."""
