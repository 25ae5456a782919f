"""One tree and its index as something that is kept: opened, brought up to date, found again. May import all below
the transports but no question package, save the reader of stored symbols for `check`.
"""
