"""Check the sentences of a diagnosis against the evidence, whether a model or the built-in analyst wrote them.

``text`` finds the metrics and clauses in a sentence, and ``facts`` extracts quantities from evidence. ``relations`` and
``order`` check directions, states, limits and order; ``numbers``, ``factors`` and ``times`` check quantities.
``verify`` runs all of these checks.
"""

from hub.insight.claims.kind import holds_number, kind_of
from hub.insight.claims.text import Vocabulary, sentences
from hub.insight.claims.verify import Verdict, check, verify

__all__ = ["Verdict", "Vocabulary", "check", "holds_number", "kind_of", "sentences", "verify"]
