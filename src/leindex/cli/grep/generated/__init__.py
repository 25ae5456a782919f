"""What is made from the commands and their flags: a man page and completions. Way in: `generated` in make.py. May
import what cli may.
"""
