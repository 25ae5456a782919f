"""What does a pattern match in PCRE2's dialect (`-P`)? Way in: `Pcre2Matcher` in matcher.py. May import what exact may.

The library comes with the package `pcre2`, an extra, and is loaded only for such patterns.
"""
