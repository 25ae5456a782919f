"""The files of views that are read from git: which there are, written and listed. May import what storage may."""
