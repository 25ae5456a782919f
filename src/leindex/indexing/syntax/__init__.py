"""What language is a file of, and what does it define? Way in: `language.detect`, `symbols.extract`. May import
values.
"""
