"""Analyse telemetry: find unusual changes, rank the known causes that fit them, and explain the result in sentences.

Pure functions over arrays: no clock, no network, no language model. ``evidence`` computes findings (statements about
what the readings show), ``causes`` compares them with known causes, ``narrative`` writes a diagnosis from them, and
``claims`` checks the sentences of a diagnosis against them.
"""

from hub.insight.causes import rank
from hub.insight.claims import Vocabulary, check
from hub.insight.decision import decide, match_word
from hub.insight.differential import Alternative, deciding_check, differential
from hub.insight.evidence import evidence
from hub.insight.investigation_input import InvestigationInput, OtherAlert, Past, Peer, Sibling
from hub.insight.narrative import Narrative, narrate
from hub.insight.outcome import Outcome, outcome
from hub.insight.series import MetricSeries
from hub.insight.signature import Signature, parse_signatures

__all__ = [
    "Alternative",
    "InvestigationInput",
    "MetricSeries",
    "Narrative",
    "OtherAlert",
    "Outcome",
    "Past",
    "Peer",
    "Sibling",
    "Signature",
    "Vocabulary",
    "check",
    "decide",
    "deciding_check",
    "differential",
    "evidence",
    "match_word",
    "narrate",
    "outcome",
    "parse_signatures",
    "rank",
]
