"""Check sentences against evidence: compare a writer's statements with the hub's findings.

``text`` reads a sentence (metrics, clauses), and ``facts`` reads evidence. ``relations`` and ``order`` compare
directions, states, limits and order; ``numbers``, ``factors`` and ``times`` compare quantities. ``verify`` runs all of
these comparisons.
"""

from hub.insight.claims.kind import holds_number, kind_of
from hub.insight.claims.text import Vocabulary, sentences
from hub.insight.claims.verify import Verdict, check, verify

__all__ = ["Verdict", "Vocabulary", "check", "holds_number", "kind_of", "sentences", "verify"]
