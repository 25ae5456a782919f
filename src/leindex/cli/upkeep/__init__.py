"""Commands that keep an index in order. May import what cli may."""
