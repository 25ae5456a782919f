"""What the Tantivy engine is made of. Imported by tantivy_storage.py only. May import what storage may."""
