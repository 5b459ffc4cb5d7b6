"""The built-in analyst: answers each kind of question from live data, without a language model.

Every part of a question is used, or the answer says which part it did not use. Where a part that was not understood
could change the answer, there is none: a wrong answer is worse than "I cannot".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from hub.assistant.answers import (
    alerts,
    areas,
    batteries,
    changes,
    comparison,
    current,
    events_in_time,
    facts,
    forecast,
    limit_check,
    manuals,
    meanings,
    ranking,
    requests,
    set_points,
    statistics,
    totals,
    unusual,
)
from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context, listed, names
from hub.assistant.context_resolution import resolve_question
from hub.assistant.kinds import STATES
from hub.assistant.question import Kind, ParsedQuestion
from hub.assistant.time_parser import DAY, TimeRange
from hub.model import Device, Proposal, RuleProposal, Turn
from hub.tools import Queries

log = logging.getLogger(__name__)
_PARSED_IN_THREAD = 3
"""How often a question is parsed in a thread."""


class Handler(msgspec.Struct, frozen=True):
    """The function that answers a kind of question, and the parts of the question that it uses."""

    answer: Callable[[Context], Awaitable[ComputedAnswer]]
    uses: frozenset[str] = frozenset()


def _handler(answer: Callable[[Context], Awaitable[ComputedAnswer]], uses: str = "") -> Handler:
    return Handler(answer, frozenset(uses.split()))


_HANDLERS: dict[Kind, Handler] = {
    "acknowledged": _handler(alerts.acknowledged, "time"),
    "add_device": _handler(requests.add_device, "words"),
    "act": _handler(requests.command, "metrics amounts words"),
    "alert_count": _handler(alerts.count, "time metrics"),
    "alert_when": _handler(alerts.when, "time metrics"),
    "alerts": _handler(alerts.open_alerts, "time metrics"),
    "areas": _handler(areas.by_area, "time metrics"),
    "battery": _handler(batteries.battery, "metrics"),
    "change": _handler(changes.change, "time metrics"),
    "commands": _handler(facts.commands),
    "compare": _handler(comparison.compare, "time metrics"),
    "correlation": _handler(ranking.correlation, "time metrics"),
    "count": _handler(ranking.count, "time metrics amounts"),
    "deviation": _handler(statistics.deviation, "time metrics"),
    "episodes": _handler(events_in_time.occurrences, "time metrics amounts"),
    "failing": _handler(forecast.failing, "ahead"),
    "filter": _handler(ranking.filtered, "time metrics amounts"),
    "firmware": _handler(facts.firmware, "versions"),
    "first": _handler(changes.first, "time metrics"),
    "forecast": _handler(forecast.reaching, "metrics amounts ahead"),
    "happened": _handler(alerts.happened, "time metrics"),
    "help": _handler(requests.help_),
    "last": _handler(changes.latest, "time metrics"),
    "last_seen": _handler(facts.last_seen),
    "limit_check": _handler(limit_check.limit_check, "metrics"),
    "limits": _handler(facts.limits, "metrics"),
    "list": _handler(current.listing),
    "manual": _handler(manuals.manual, "time metrics amounts words"),
    "mean": _handler(statistics.mean, "time metrics"),
    "meaning": _handler(meanings.meaning, "metrics amounts"),
    "median": _handler(statistics.median, "time metrics"),
    "model": _handler(facts.model),
    "notify": _handler(requests.notify, "time metrics amounts words"),
    "now": _handler(current.now, "time metrics"),
    "offline": _handler(facts.offline),
    "range": _handler(statistics.extent, "time metrics"),
    "rank": _handler(ranking.rank, "time metrics"),
    "rate": _handler(changes.rate, "time metrics"),
    "rules": _handler(facts.rules, "metrics"),
    "run_on": _handler(forecast.run_on, "ahead"),
    "setpoint": _handler(set_points.setpoint, "metrics"),
    "state": _handler(current.state, "time metrics"),
    "statistics": _handler(statistics.statistics, "time metrics"),
    "status": _handler(current.status),
    "summary": _handler(alerts.summary, "time"),
    "thanks": _handler(requests.thanks),
    "total": _handler(totals.total, "time metrics"),
    "trend": _handler(changes.rate, "time metrics"),
    "unusual": _handler(unusual.unusual_readings, "metrics"),
    "when_extreme": _handler(ranking.when_extreme, "time metrics"),
    "where": _handler(facts.where),
    "why": _handler(alerts.why, "metrics"),
}
_DEFAULTS: frozenset[Kind] = frozenset(("status", "list", "unknown", "now", "statistics", "state"))
"""Kinds for which a word that was not understood may be what the question is about."""


class RuleBasedAnswer(msgspec.Struct, frozen=True):
    """An answer with what belongs to it; see :class:`~hub.assistant.answers.context.ComputedAnswer`."""

    text: str
    kind: Kind
    about: tuple[tuple[str, str | None], ...] = ()
    span: tuple[int, int] | None = None
    is_charted: bool = False
    proposal: Proposal | RuleProposal | None = None


class RuleBasedAnswers:
    """Answers questions. :meth:`answer` never raises for a question; what it cannot parse gets a help text."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    async def answer(self, text: str, before: Sequence[Turn] = (), language: str = "en") -> RuleBasedAnswer:
        """Return the answer; ``before`` are the earlier turns of the conversation, oldest first.

        ``language`` is the person's, for questions whose words are of no particular one.
        """
        devices = list(self._queries.registry.with_latest_values())
        question = await self._parsed(text, before, devices, language)
        context = Context(self._queries, question)
        handler = _HANDLERS.get(question.kind)
        try:
            if not devices and question.kind not in ("help", "thanks"):
                raise CannotAnswer(context.say("no_devices"))
            _require_understood(context, handler)
            if handler is None:
                raise CannotAnswer(f"{context.say('not_understood')}\n{context.say('help')}")
            await _resolve_alert_time(context)
            answer = await handler.answer(context)
        except CannotAnswer as reason:
            return RuleBasedAnswer(_with_notes(context, str(reason)), question.kind, _named(question))
        return RuleBasedAnswer(
            _with_notes(context, answer.text),
            question.kind,
            answer.about,
            answer.span,
            answer.is_charted,
            answer.proposal,
        )

    async def _parsed(
        self, text: str, before: Sequence[Turn], devices: Sequence[Device], language: str
    ) -> ParsedQuestion:
        """Parse a question in a thread: to look for its words in 100,000 names takes seconds.

        A metric that appears meanwhile may interrupt it; then it starts again, in the end in the event loop.
        """
        now = self._queries.now()
        for _ in range(_PARSED_IN_THREAD):
            try:
                return await asyncio.to_thread(resolve_question, text, before, devices, now, language)
            except RuntimeError:
                log.debug("A device changed while a question was parsed. Retrying.")
        return resolve_question(text, before, devices, now, language)


def _named(question: ParsedQuestion) -> tuple[tuple[str, str | None], ...]:
    if question.scope.is_all or question.scope.missing:
        return ()
    return tuple((device.id, None) for device in question.scope.devices[:3])


def _require_understood(context: Context, handler: Handler | None) -> None:
    """Raise CannotAnswer where a part that was not understood could change the answer; else note it."""
    question, scope = context.question, context.question.scope
    if scope.missing:
        raise CannotAnswer(_nothing_called(context, scope.missing))
    if not context.devices and any(True for _ in context.queries.registry.devices()):
        words = " + ".join(f"“{group.words}”" for group in scope.groups)
        raise CannotAnswer(context.say("no_common", words=words))
    uses = handler.uses if handler else frozenset[str]()
    if question.limiting and "words" not in uses:
        raise CannotAnswer(context.say("cannot_limit", words=listed([f"“{word}”" for word in question.limiting])))
    unknown = [w for w in question.unknown if "versions" not in uses or not any(map(str.isdigit, w))]
    if unknown and "words" not in uses:
        if scope.is_all:
            text = _nothing_called(context, unknown)
            raise CannotAnswer(f"{text}\n{context.say('help')}" if question.kind == "unknown" else text)
        if question.kind in _DEFAULTS:
            quoted = listed([f"“{word}”" for word in unknown])
            known = context.say("has", metrics=context.metric_names()) if len(context.devices) == 1 else ""
            raise CannotAnswer(f"{context.say('unknown_word', words=quoted)} {known}".strip())
        context.notes.append(context.say("not_used", words=listed([f"“{word}”" for word in unknown])))
    if scope.synonym and context.language.code == "en":  # in other languages it is a translation
        context.notes.insert(0, context.say("synonym", word=scope.synonym, scope=names(context.devices, 5)))
    _note_unused(context, uses)


_WITH_STATES: frozenset[Kind] = frozenset((
    "state", "episodes", "filter", "count", "act", "notify", "manual", "alert_when", "alerts", "alert_count", "why",
    "happened", "run_on", "acknowledged", "summary", "forecast", "offline", "help", "meaning", "setpoint", "firmware",
    "last_seen",
))  # fmt: skip
"""Kinds in whose questions "open", "on" or "running" is a condition or no more than grammar."""
_WITH_NOT: frozenset[Kind] = frozenset(
    ("state", "filter", "count", "acknowledged", "offline", "why", "manual", "act", "notify")
)


def _note_unused(context: Context, uses: frozenset[str]) -> None:
    question, time = context.question, context.question.time
    if question.kind not in _WITH_STATES:
        _note_concepts(context, STATES)
    _note_concepts(context, ("unit_wanted",))
    if question.has("not") and question.kind not in _WITH_NOT:
        raise CannotAnswer(context.say("cannot_limit", words=", ".join(_quoted(context, ("not",)))))
    if time is not None and time.kind == "ahead":
        if not uses & {"ahead", "words"}:
            raise CannotAnswer(context.say("no_future"))
    elif time is not None:
        if "time" not in uses:
            context.notes.append(context.say("not_used", words=f"“{time.words}”"))
        elif time.note:
            context.notes.append(time.note)
        elif time.kind == "range" and time.start >= time.end:
            raise CannotAnswer(context.say("not_begun", time=time.words))
    if len(question.times) > 1 and question.kind != "compare":
        context.notes.append(context.say("not_used", words=f"“{question.times[1].words}”"))
    if question.amounts and "amounts" not in uses:
        context.notes.append(
            context.say("not_used", words=listed([f"“{amount.written}”" for amount in question.amounts]))
        )
    if question.metrics and "metrics" not in uses:
        context.notes.append(context.say("not_used", words=listed([f"“{each.words}”" for each in question.metrics])))


def _note_concepts(context: Context, concepts: Sequence[str]) -> None:
    if quoted := _quoted(context, concepts):
        context.notes.append(context.say("not_used", words=", ".join(quoted)))


def _quoted(context: Context, concepts: Sequence[str]) -> list[str]:
    """Return the words of the question that mean one of these concepts."""
    if not context.question.has_any(*concepts):
        return []
    phrases = [phrase for phrase, meant in context.language.concepts.items() if meant & set(concepts)]
    of = {word for phrase in phrases for word in phrase.split()}
    tokens = context.question.words.tokens
    return [f"“{token.written}”" for token in tokens if token.use == "concept" and token.word in of]


def _nothing_called(context: Context, words: Sequence[str]) -> str:
    """Return a sentence that nothing has these names, with similar names and the existing areas."""
    registry, lookup = context.queries.registry, context.queries.lookup
    near = [registry.require(each).display_name for word in words for each in lookup.near(word)]
    group = context.question.scope.groups
    alike = near or [device.display_name for each in group[:1] for device in each.devices]
    areas = sorted({device.display_area for device in registry.devices() if device.display_area})
    text = context.say("nothing_called", words=listed([f"“{word}”" for word in words]))
    if alike:
        return f"{text} {context.say('similar', names=listed(list(dict.fromkeys(alike)), 5))}"
    return f"{text} {context.say('areas_are', areas=listed(areas, 10))}" if areas else text


async def _resolve_alert_time(context: Context) -> None:
    """Replace "since the alert" by its time."""
    question, time = context.question, context.question.time
    if time is None or time.kind not in ("alert", "before_alert"):
        return
    recent = context.queries.open_alerts(context.ids) or await context.queries.raised_between(
        context.now - 30 * DAY, context.now, context.ids
    )
    if not recent:
        raise CannotAnswer(context.say("no_alert_in", scope=context.scope_words, time=context.say("last", time="30 d")))
    alert = max(recent, key=lambda each: each.since)
    at = context.clock(alert.since)
    since = TimeRange(alert.since, context.now, context.say("since", time=at))
    before = TimeRange(alert.since - DAY // 24, alert.since, context.say("hour_before", time=at))
    question.times = [since if time.kind == "alert" else before, *question.times[1:]]


def _with_notes(context: Context, text: str) -> str:
    """Return an answer with its notes, beginning with a capital letter."""
    starts = (context.say(key, time="\0").split("\0")[0] for key in ("last", "since"))
    if any(text.startswith(start) for start in starts):
        text = text[:1].upper() + text[1:]
    return "\n".join([text, *dict.fromkeys(context.notes)]).strip()
