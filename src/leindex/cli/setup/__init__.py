"""Commands that set up clients. May import what cli may."""
