"""The terminal: one module a command, no logic of its own. Way in: `main` in main.py, whose table finds the command.
May import all other packages.
"""
