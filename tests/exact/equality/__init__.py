"""Equality with ripgrep: the cases, a small tree to run them on, and the runner."""
