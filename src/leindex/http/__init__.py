"""HTTP: the same operations as an API. Ways in: serve.py, app.py. May import service, mcp and all below."""
