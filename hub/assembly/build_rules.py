"""Build the API routes of rules, calculated metrics and reactions, and the services that they call."""

from __future__ import annotations

from hub.api import Router
from hub.api.change_log import ChangeLog
from hub.api.routes import calculated, reactions, rule_backtest, rule_words, rules
from hub.assembly.parts import AiServices, ConfigFiles, Core
from hub.assistant.rule_drafts import RuleDrafts
from hub.services.backtests import Backtests
from hub.services.calculated_trials import CalculatedTrials
from hub.services.limit_suggestions import LimitAdvisor
from hub.services.reaction_checks import ReactionChecks
from hub.services.reaction_trials import ReactionTrials


def rule_routers(
    core: Core, ai: AiServices, files: ConfigFiles, faults: dict[str, list[str]], changes: ChangeLog
) -> list[Router]:
    """Return the routers for rules, calculated metrics and reactions, and for trying drafts of them."""
    visible = core.visible
    backtests = Backtests(core.engine.applies, visible.devices, visible.history, core.engine.quantity)
    advisor = LimitAdvisor(core.engine.applies, visible.devices, visible.history, backtests, core.engine.quantity)
    drafts = RuleDrafts(visible.devices, ai.providers)
    trials = CalculatedTrials(core.engine.matcher, visible.devices, visible.history)
    metrics = core.calculation
    selects, read_by = core.engine.matcher.selects, core.reactions.read_by
    reaction_trials = ReactionTrials(visible.devices, visible.history, selects, read_by)
    checks = ReactionChecks(visible.devices, selects, read_by)
    return [
        rule_words.routes(drafts, files.rules, lambda: core.engine.rules),
        rule_backtest.routes(backtests, advisor, files.rules, lambda: core.engine.rules),
        rules.routes(files.rules, core.engine, visible.devices, core.store, faults, changes),
        reactions.routes(files.reactions, core.reactions, checks, reaction_trials, faults, changes),
        calculated.routes(files.calculated, lambda: metrics.definitions, trials, visible.devices, faults, changes),
    ]
