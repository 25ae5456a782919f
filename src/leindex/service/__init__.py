"""The operations that every transport offers: parameters, answers, readers and the writer. Way in: operations.py.
May import the facade and all below.
"""
