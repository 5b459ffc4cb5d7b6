"""Try a rule on stored readings: replay them through the rule engine. Pure: nothing is stored, sent or published."""

from hub.backtest.comparison import RuleOutcome, outcome
from hub.backtest.firing import Firing, SeverityStep
from hub.backtest.replay import Points, Stopped, reads, replay

__all__ = ["Firing", "Points", "RuleOutcome", "SeverityStep", "Stopped", "outcome", "reads", "replay"]
