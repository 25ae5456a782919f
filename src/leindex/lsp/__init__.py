"""The language server for editors: what `leindex lsp` speaks. Way in: serve.py. May import service and all below."""
