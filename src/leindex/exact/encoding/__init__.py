"""What text do bytes stand for, if somebody says in which encoding they are (`-E`)? Way in: `decoded` in decode.py. May
import values.
"""
