"""Which files are in this tree? Way in: discover.py. May import values."""
