"""The folder of an index: its owner's alone, what is ours in it, who writes it. May import values."""
