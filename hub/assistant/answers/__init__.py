"""Answer questions with the built-in analyst, without a language model. Each module answers one group of questions."""
