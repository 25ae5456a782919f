"""What differs between two states? Way in: definitions.py. May import ranked, symbols, views, query, values."""
