"""MCP: the same operations as tools for assistants. Ways in: serve.py (stdio), server.py. May import service and all
below.
"""
