"""Try a rule on stored readings: replay them through the rule engine. Pure: nothing is stored, sent or published."""

from hub.backtest.comparison import Outcome, outcome
from hub.backtest.firing import Firing, Step
from hub.backtest.replay import Points, Stopped, reads, replay

__all__ = ["Firing", "Outcome", "Points", "Step", "Stopped", "outcome", "reads", "replay"]
