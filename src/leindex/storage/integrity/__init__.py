"""That a database is what was written: checksums of its pages, what its log must hold, and making a damaged one whole.
May import what storage may."""
