"""Types of the C extension; the comments in native/*.c say how each works."""
