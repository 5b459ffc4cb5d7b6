"""Read a sentence as a rule. Every word is part of the rule, a word without a meaning of its own, or reported."""
