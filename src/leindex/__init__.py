"""leindex: an embedded index of source code."""

__version__ = "0.1.0"
