"""Parse a sentence that describes a rule. Words that the rule does not use are reported, except filler words."""
