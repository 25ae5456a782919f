"""The page for a browser. Way in: pages.py. May import http, service and all below."""
