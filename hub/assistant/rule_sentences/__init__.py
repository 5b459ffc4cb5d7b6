"""Read a sentence as a rule. Words that the rule does not use are reported, except words without a meaning."""
