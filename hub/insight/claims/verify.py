"""Compare a sentence with the evidence that it cites."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.insight.claims.facts import facts, motions
from hub.insight.claims.numbers import numbers
from hub.insight.claims.order import comparison, order
from hub.insight.claims.outcome import Outcome
from hub.insight.claims.relations import relations
from hub.insight.claims.text import Coder, Vocabulary
from hub.insight.claims.times import times
from hub.model import Evidence

_MOVED = ("onset", "step", "stays_on", "stays_off", "stuck")


class Verdict(msgspec.Struct, frozen=True):
    """The result of checking a sentence.

    Attributes:
        outcomes: the results of checking its assertions; empty if it has none that evidence can confirm or refute.
        problem: why the cited evidence cannot support the sentence at all; empty if there is no such reason.
    """

    outcomes: tuple[Outcome, ...]
    problem: str = ""

    @property
    def supported(self) -> bool:
        """Return True if the evidence contradicts no part of the sentence and supports every number in it."""
        return not self.reason

    @property
    def reason(self) -> str:
        """Return why the sentence is not supported; empty if it is."""
        return self.problem or next((o.reason or "the evidence differs" for o in self.outcomes if o.holds is False), "")

    @property
    def asserts(self) -> bool:
        """Return True if the evidence confirms or contradicts any part of the sentence."""
        return any(outcome.holds is not None for outcome in self.outcomes)


def verify(text: str, cited: Sequence[str], evidence: Sequence[Evidence], vocabulary: Vocabulary) -> Verdict:
    """Check ``text`` against the evidence with the ids ``cited``.

    Numbers and times must come from the cited evidence. Directions, states and order are compared with all evidence.
    """
    by_id = {e.id: e for e in evidence}
    if not cited or any(i not in by_id for i in cited):
        return Verdict((), "it cites no evidence" if not cited else "it cites evidence that does not exist")
    base = [by_id[i] for i in cited]
    coder = Coder(vocabulary)
    coded = coder.code(text)
    if missing := _uncited(text, base, coder, vocabulary):
        return Verdict((), f"it cites no evidence about {missing}")
    clauses = coder.clauses(coded)
    known = motions(evidence, coder)
    about = list(dict.fromkeys(e.metric for e in base if e.metric is not None))
    cited_motions = {metric: motion for metric, motion in known.items() if metric in about}
    counts = frozenset({len(base), len(about), sum(1 for e in base if e.kind in _MOVED)})
    return Verdict(
        (
            *times(clauses, base),
            *numbers(clauses, facts(base, coder), cited_motions, counts),
            *relations(clauses, known, about),
            *order(coded, coder, known),
            *comparison(coded, coder, known),
        )
    )


def check(text: str, cited: Sequence[str], evidence: Sequence[Evidence], vocabulary: Vocabulary) -> bool:
    """Return True if the evidence with the ids ``cited`` supports ``text``. See :func:`verify`."""
    return verify(text, cited, evidence, vocabulary).supported


def _uncited(text: str, base: Sequence[Evidence], coder: Coder, vocabulary: Vocabulary) -> str:
    """Return a metric that the sentence names but no cited evidence is about; an empty text if there is none."""
    about = {e.metric for e in base}
    told = " ".join(e.finding for e in base)
    for metric in coder.named(text):
        if metric not in about and not any(form in told for form in vocabulary.forms(metric)):
            return vocabulary.forms(metric)[0]
    return ""
