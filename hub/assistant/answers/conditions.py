"""Evaluate the conditions in a question about devices: on values, states, presence and alerts.

"offline devices with a battery below 20 or a temperature above 40" has three conditions. Each condition is evaluated
for every device. The words ``and``, ``or`` and ``not`` in the question combine the results.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec

from hub.assistant.answers.context import MAX_TARGETS, CannotAnswer, Context, Target
from hub.assistant.answers.current import is_in_state, state_targets
from hub.assistant.answers.joiners import joiners_of, require_one_joiner
from hub.assistant.answers.readings import value_at
from hub.assistant.answers.slices import in_slices
from hub.assistant.kinds import STATES
from hub.assistant.language import LONGEST_PHRASE
from hub.assistant.metric_words import MetricMention
from hub.assistant.question import Amount, Kind, ParsedQuestion
from hub.tools.views import celsius

_THERMAL = ("°C", "°F", "K")
_BESIDE_VALUES = frozenset(("open", "closed", "locked", "unlocked", "wet", "motion"))
"""States that count as a condition even if the question also has a condition on a value.

"On" and "off" are not among them, because in such a question they may be prepositions: "on floor 2".
"""


PRESENCE_LIMITS: frozenset[Kind] = frozenset(
    ("battery", "deviation", "mean", "median", "range", "rank", "statistics", "total", "when_extreme")
)
"""Kinds of questions in which "online" or "offline" restricts the devices that the answer is about.

Questions of other kinds ask for the presence itself, or treat it as one of their conditions.
"""


class MatchingMetric(msgspec.Struct, frozen=True):
    """A metric that meets a condition, and the value that does so. ``value`` is None for a condition on a state."""

    target: Target
    value: float | None = None

    @property
    def text(self) -> str:
        """Return the metric's title and its value as text."""
        value = self.target.latest.value if self.value is None else self.value
        return f"{self.target.title} {self.target.show(value)}"


class EvaluatedCondition(msgspec.Struct, frozen=True):
    """A condition that was evaluated, with the devices that meet it.

    Attributes:
        first: the index of the condition's first word in the question.
        met: the ids of the devices that meet the condition, each with the metrics to show in the answer.
        considered: the ids of the devices that have the metric of the condition; None if the condition needs no
            metric.
    """

    first: int
    met: dict[str, list[MatchingMetric]]
    considered: set[str] | None = None


_Evaluate = Callable[[bool], Awaitable[tuple[dict[str, list[MatchingMetric]], set[str] | None]]]
"""A function that evaluates a condition, or its negation if the argument is True.

It returns ``met`` and ``considered`` of :class:`EvaluatedCondition`.
"""


def meets(value: float, unit: str | None, amount: Amount) -> bool | None:
    """Return whether a value meets the condition ``amount``; None if the units cannot be compared."""
    if amount.unit in _THERMAL and unit in _THERMAL:
        value, wanted, upper = celsius(value, unit), celsius(amount.value, amount.unit), amount.upper
        upper = None if upper is None else celsius(upper, amount.unit)
    elif amount.unit is not None and amount.unit != unit:
        return None
    else:
        wanted, upper = amount.value, amount.upper
    if upper is not None:
        return wanted <= value <= upper
    return value > wanted if amount.side == "above" else value < wanted if amount.side == "below" else value == wanted


async def condition_targets(
    context: Context, amount: Amount, mentions: Sequence[MetricMention] | None = None
) -> list[Target]:
    """Return the metrics whose values are compared with ``amount``, the number in a condition such as "above 40 °C".

    These are the metrics in ``mentions`` (None: all metrics that the question names). If there are none, they are the
    metrics with the unit of ``amount``. Raises CannotAnswer if no metric is found.
    """
    mentions = context.mentions() if mentions is None else mentions
    if mentions or amount.unit is None:
        most = None if context.question.time is None else MAX_TARGETS
        return _of_one_kind(context, amount, await context.targets(most=most, mentions=mentions))
    found = [
        target
        async for target in context.shown_targets()
        if target.is_number and meets(0.0, target.unit, amount) is not None
    ]
    if not found:
        raise CannotAnswer(context.say("no_unit", unit=amount.unit, scope=context.scope_words))
    titles = {target.title: None async for target in in_slices(found)}
    if len(titles) > 1 and amount.unit not in _THERMAL:
        main = [t async for t in in_slices(found) if t.metric == context.shown_metrics(t.device)[0]]
        if len({t.metric for t in main}) != 1:
            raise CannotAnswer(context.say("which_metric", metrics=", ".join(titles)))
        return main
    return found


def _of_one_kind(context: Context, amount: Amount, targets: list[Target]) -> list[Target]:
    """Return those of ``targets`` whose values are compared with ``amount``.

    In general, these are all of them. If the question is about batteries and the amount has no unit, they are the
    charges in percent. If they have several units nevertheless, a note in the answer names these.
    """
    units = dict.fromkeys(target.unit for target in targets)
    if amount.unit is not None or len(units) < 2:
        return targets
    if context.question.has_any("battery", "on_battery") and "%" in units:
        return [target for target in targets if target.unit == "%"]
    context.notes.append(context.say("own_units", units=", ".join(u or "–" for u in units)))
    return targets


async def evaluated_conditions(context: Context) -> list[EvaluatedCondition]:
    """Evaluate the conditions of a question. Return them in the order in which the question names them.

    Raises CannotAnswer if a condition cannot be evaluated.
    """
    question = context.question
    found: list[tuple[int, _Evaluate]] = [
        (amount.first, partial(_by_value, context, amount, mentions)) for amount, mentions in _amounts(question)
    ]
    found += [(_place(question, {state}), partial(_by_state, context, state)) for state in _states(question)]
    if question.has("online") != question.has("offline"):
        found.append((_place(question, {"online", "offline"}), partial(_by_presence, context)))
    if question.has_any("alert", "attention"):
        found.append((_place(question, {"alert", "attention"}), partial(_by_alert, context)))
    found.sort(key=lambda each: each[0])
    require_one_joiner(context, [first for first, _ in found])
    negated = _negated(question, [first for first, _ in found])
    return [EvaluatedCondition(first, *await judge(n in negated)) for n, (first, judge) in enumerate(found)]


async def _by_value(
    context: Context, amount: Amount, mentions: Sequence[MetricMention] | None, negated: bool
) -> tuple[dict[str, list[MatchingMetric]], set[str] | None]:
    targets = await condition_targets(context, amount, mentions)
    time = context.question.time
    met: dict[str, list[MatchingMetric]] = {}
    considered: set[str] = set()
    async for target in in_slices(targets):
        value = float(target.latest.value)
        if time is not None:
            read = await value_at(context, target, time.start)
            if read is None:
                continue
            value = read[1]
        result = meets(value, target.unit, amount)
        if result is None:
            continue
        considered.add(target.device.id)
        if result is not negated:
            met.setdefault(target.device.id, []).append(MatchingMetric(target, value))
    if not considered:
        raise CannotAnswer(context.say("no_unit", unit=amount.unit or "", scope=context.scope_words))
    return met, considered


async def _by_state(
    context: Context, state: str, negated: bool
) -> tuple[dict[str, list[MatchingMetric]], set[str] | None]:
    targets = await state_targets(context, state)
    met = {t.device.id: [MatchingMetric(t)] async for t in in_slices(targets) if is_in_state(t, state) is not negated}
    return met, {t.device.id async for t in in_slices(targets)}


async def _by_presence(context: Context, negated: bool) -> tuple[dict[str, list[MatchingMetric]], None]:
    wanted = context.question.has("online") is not negated
    return {d.id: [] async for d in in_slices(context.devices) if (d.presence == "online") is wanted}, None


async def _by_alert(context: Context, negated: bool) -> tuple[dict[str, list[MatchingMetric]], None]:
    alerting = {alert.device for alert in context.queries.open_alerts(context.ids)}
    return {d.id: [] async for d in in_slices(context.devices) if (d.id in alerting) is not negated}, None


def _amounts(question: ParsedQuestion) -> list[tuple[Amount, Sequence[MetricMention] | None]]:
    """Return each number with a comparison in the question (such as "above 40"), and the metrics to compare it with.

    A number belongs to the metric before it, or otherwise to the one after it ("above 40 °C temperature"). A number
    without a metric beside it belongs to the metric of the previous number ("below 20 or above 80"). If no metric
    belongs to a number, its metrics are ``None``: compare it with all metrics of the question.
    """
    amounts = [amount for amount in question.amounts if amount.side]
    if len(amounts) < 2:
        return [(amount, None) for amount in amounts]
    charge = MetricMention("battery", quantity="state_of_charge", first=_place(question, {"battery", "on_battery"}))
    mentions = [*question.metrics, *([charge] if question.has_any("battery", "on_battery") else [])]
    found: list[tuple[Amount, Sequence[MetricMention] | None]] = []
    own: list[MetricMention] = []
    start = 0
    for number, amount in enumerate(amounts):
        end = amounts[number + 1].first if number + 1 < len(amounts) else len(question.words)
        before = [each for each in mentions if start <= each.first < amount.first]
        after = [each for each in mentions if amount.first < each.first < end]
        own = before or (after if not own else []) or own
        found.append((amount, own or None))
        start = amount.first
    return found


def _states(question: ParsedQuestion) -> list[str]:
    """Return the state that devices have to be in to meet a condition, such as "open", in a list; else an empty list.

    If the question also has a condition on a value, "on" does not count: it may be a preposition ("on floor 2").
    """
    states = [each for each in STATES if question.has(each)]
    if question.compares is not None:
        states = [each for each in states if each in _BESIDE_VALUES and not question.has("alert")]
    elif question.has_any("online", "offline"):
        return []
    return states[:1]


def _places(question: ParsedQuestion, concepts: set[str]) -> list[tuple[int, int]]:
    """Return where the question has phrases for any of ``concepts``.

    Each place is the index of the first word of the phrase, and the index after its last word.
    """
    tokens, known = question.words.tokens, question.language.concepts
    found, place = [], 0
    while place < len(tokens):
        length = 1
        for longer in range(LONGEST_PHRASE if tokens[place].used_as == "concept" else 0, 0, -1):
            part = tokens[place : place + longer]
            meant = known.get(" ".join(token.word for token in part), frozenset[str]())
            if len(part) == longer and meant and all(token.used_as == "concept" for token in part):
                length = longer
                if meant & concepts:
                    found.append((place, place + longer))
                break
        place += length
    return found


def _place(question: ParsedQuestion, concepts: set[str]) -> int:
    """Return the index of the first word for one of ``concepts``; the number of words if there is none."""
    return next((first for first, _ in _places(question, concepts)), len(question.words))


def _negated(question: ParsedQuestion, places: Sequence[int]) -> set[int]:
    """Return the conditions that are negated, as indices into ``places``.

    ``places`` has the index of the first word of each condition. "Not" negates the condition after it, as in "not
    offline"; if no condition follows, it negates the last one. A word such as "unacknowledged" is a condition and its
    negation at the same time.
    """
    found: set[int] = set()
    for first, end in _places(question, {"not"}) if places else ():
        index = next((n for n, place in enumerate(places) if place >= end or first <= place < end), len(places) - 1)
        found ^= {index}
    return found


async def limit_to_presence(context: Context) -> None:
    """Limit the devices to those that are online (or not online) if the question says so and names no single device."""
    question, scope = context.question, context.question.scope
    if question.has("online") == question.has("offline") or scope.named:
        return
    scope.presence, scope.total = ("online" if question.has("online") else "offline"), len(scope.devices)
    wanted = scope.presence == "online"
    scope.devices = [device async for device in in_slices(scope.devices) if (device.presence == "online") is wanted]
    context.devices = scope.devices


def combined(context: Context, conditions: Sequence[EvaluatedCondition]) -> dict[str, list[MatchingMetric]]:
    """Return the ids of the devices that meet the combined conditions, each with the metrics to show in the answer.

    The conditions are joined by "or" if the question says so, else by "and".
    """
    between = set(joiners_of(context.question, [condition.first for condition in conditions]))
    ids = [set(condition.met) for condition in conditions]
    kept = set.union(*ids) if between == {"any"} else set.intersection(*ids)
    found: dict[str, list[MatchingMetric]] = {}
    for condition in conditions:
        for key, rows in condition.met.items():
            if key in kept:
                found.setdefault(key, []).extend(rows)
    return found
