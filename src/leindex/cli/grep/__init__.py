"""`leindex grep`: ripgrep's flags and the files that they cover. Way in: command.py. May import what cli may."""
