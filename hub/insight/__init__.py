"""Statistics on telemetry: normal ranges, the order of changes, comparison with known faults.

Pure functions over arrays: no clock, no network, no language model. ``evidence`` computes findings, ``causes`` compares
the findings with known causes, ``narrative`` writes a diagnosis from them, and ``claims`` compares a writer's sentences
with the findings.
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
