"""The fault laboratory: leindex under kills, power cuts, failing disks, odd files, crowds, signals and made-up input.

`table.py` lists the faults as data, `python -m tests.faults` runs any part of it for as long as wanted, and the tests
here run a short part of each kind. Outcomes are judged in `oracle.py`. `fuzz/` looks for input that breaks a reader.
"""
