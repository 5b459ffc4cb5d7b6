"""Classify a sentence as observation, inference or advice, by its words and the evidence."""

from __future__ import annotations

import re

from hub.insight import quantities
from hub.insight.claims.times import CLOCK, DATE
from hub.insight.claims.verify import Verdict
from hub.model import ClaimKind

_OPINION = re.compile(
    r"\b(?:may|might|could|would|can|likely|unlikely|probab\w+|possib\w+|perhaps|maybe|presumably|suggest\w*|indicat\w*"
    r"|impl(?:y|ies)|point(?:s|ing)? to|consistent with|sign of|symptom\w* of|caused?|causes|causing|because|due to"
    r"|result(?:s|ed|ing)? (?:in|from)|explain\w*|reason|seem\w*|appear\w*|suspect\w*|diagnos\w*|lead(?:s|ing)? to"
    r"|led to|responsible)\b",
    re.I,
)
_ADVICE = re.compile(
    r"^\W*(?:please\s|first,?\s|then,?\s|do not\s|don['’]t\s)?"
    r"(?:(?:check|inspect|replace|repair|verify|make sure|ensure|tighten|lubricate|grease|schedule|consider|monitor"
    r"|reset|restart|contact|compare|examine|investigate|isolate|align|calibrate|confirm|listen|unplug)\b"
    r"|(?:stop|close|open|clean|call|measure|look|turn|switch|reduce|increase|lower|raise|shut|drain|refill|charge|test"
    r"|keep|plan|adjust|remove|flush|review|move)\s(?:the|that|whether|for|if|all|an?|its|any|it|at|up|down|off|on)\b)"
    r"|\b(?:should|must|needs? to|ought to|recommend\w*)\b",
    re.I,
)


def kind_of(text: str, verdict: Verdict, said: str = "") -> ClaimKind:
    """Return the kind of a sentence: observation, inference or advice. ``said`` is the kind that its writer stated.

    A sentence is an observation if evidence can confirm or refute it, unless it names a cause or is hedged ("may"). An
    instruction is advice. All other sentences are inferences.
    """
    if _ADVICE.search(text):
        return "advice"
    if _OPINION.search(text):
        return "inference"
    if verdict.asserts or verdict.reason:
        return "observation"
    return "advice" if said == "advice" else "inference"


def holds_number(text: str) -> bool:
    """Return True if a sentence contains a number, a time or a date. An inference must not contain any of these."""
    if CLOCK.search(text) or DATE.search(text):
        return True
    return any(found.unit is not None or not found.word for found in quantities.read(text))
