"""The query language: text to syntax tree to plan. Pure functions; knows no engine."""
