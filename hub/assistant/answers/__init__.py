"""The answers of the built-in analyst, one module for each family of questions."""
