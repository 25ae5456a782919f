"""Tests of the value modules at the top of leindex."""
