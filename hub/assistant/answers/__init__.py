"""The answers of the built-in analyst, which needs no language model. Each module answers one family of questions."""
