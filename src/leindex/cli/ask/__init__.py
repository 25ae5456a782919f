"""Commands that ask an index. May import what cli may."""
