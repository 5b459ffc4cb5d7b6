"""Try a rule on stored readings, and suggest limits from them. Pure: nothing is stored, sent or published."""

from hub.backtest.comparison import RuleOutcome, outcome
from hub.backtest.firing import Firing, SeverityStep
from hub.backtest.replay import Points, Stopped, needs, replay
from hub.backtest.suggestion import Side, Suggestion, Values, suggest

__all__ = [
    "Firing",
    "Points",
    "RuleOutcome",
    "SeverityStep",
    "Side",
    "Stopped",
    "Suggestion",
    "Values",
    "needs",
    "outcome",
    "replay",
    "suggest",
]
