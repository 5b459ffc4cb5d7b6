"""Backtest a rule on stored readings, and suggest limits from them. Nothing is stored, sent or published."""

from hub.backtest.comparison import RuleOutcome, outcome
from hub.backtest.firing import Firing, SeverityStep
from hub.backtest.records import Points
from hub.backtest.replay import OtherInputs, Stopped, follows_presence, needs, replay
from hub.backtest.suggestion import Side, Suggestion, Values, suggest

__all__ = [
    "Firing",
    "OtherInputs",
    "Points",
    "RuleOutcome",
    "SeverityStep",
    "Side",
    "Stopped",
    "Suggestion",
    "Values",
    "follows_presence",
    "needs",
    "outcome",
    "replay",
    "suggest",
]
