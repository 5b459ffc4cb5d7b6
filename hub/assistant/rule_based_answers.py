"""The built-in analyst, which answers questions from live data, without a language model.

An answer uses every part of the question or says which part it does not use. If a part that was not understood could
change the answer, the question is not answered, because a wrong answer is worse than none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

import msgspec

from hub.ai.builtin import BUILTIN
from hub.assistant.answers.conditions import PRESENCE_LIMITS, limit_to_presence
from hub.assistant.answers.context import CannotAnswer, Context, listed, names
from hub.assistant.answers.slices import in_slices
from hub.assistant.context_resolution import resolve_question
from hub.assistant.handlers import HANDLERS, Handler
from hub.assistant.kinds import STATES
from hub.assistant.language import answering_in
from hub.assistant.question import Kind, ParsedQuestion
from hub.assistant.question_splitter import split_questions
from hub.assistant.sources import sources_of
from hub.assistant.time_parser import DAY
from hub.assistant.time_range import TimeRange
from hub.model import Device, Proposal, RuleProposal, Turn
from hub.tools import Queries

log = logging.getLogger(__name__)
_PARSED_IN_THREAD = 3
"""Number of attempts to parse a question in a thread before it is parsed in the event loop."""


_DEFAULTS: frozenset[Kind] = frozenset(("status", "list", "unknown", "now", "statistics", "state"))
"""Kinds of questions that are not answered if they contain an unknown word, since it may name their subject."""


class RuleBasedAnswer(msgspec.Struct, frozen=True):
    """An answer, and the kind of its question.

    The other fields are those of :class:`~hub.assistant.answers.context.ComputedAnswer`.
    """

    text: str
    kind: Kind
    about: tuple[tuple[str, str | None], ...] = ()
    span: tuple[int, int] | None = None
    is_charted: bool = False
    proposal: Proposal | RuleProposal | None = None


class RuleBasedAnswers:
    """Answers questions without a language model.

    :meth:`answer` raises no error because of a question: if it cannot parse a question, the answer is a help text.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    async def answer(self, text: str, before: Sequence[Turn] = (), language: str = "en") -> RuleBasedAnswer:
        """Return the answer to ``text``. ``before`` are the earlier turns of the conversation, oldest first.

        ``language`` is the language of the person's dashboard. It is used if the language of a question cannot be
        recognized.
        """
        parts = split_questions(text)
        if len(parts) == 1:
            return await self._answer(text, before, language)
        found: list[RuleBasedAnswer] = []
        turns = list(before)
        for part in parts:
            answer = await self._answer(part, turns, language, continues=bool(found))
            if answer.kind == "unknown":  # it was one question after all
                return await self._answer(text, before, language)
            found.append(answer)
            extras = tuple(sources_of(answer.about, answer.span, self._queries.registry, self._queries.now()))
            turns.append(Turn(question=part, answer=answer.text, at=self._queries.now(), writer=BUILTIN, extras=extras))
        return _together(found)

    async def _answer(
        self, text: str, before: Sequence[Turn], language: str, *, continues: bool = False
    ) -> RuleBasedAnswer:
        """Answer one question.

        ``before`` are the earlier turns of the conversation. With ``continues``, the last of them is not an earlier
        message, but an earlier question of the same message.
        """
        devices = await self._devices()
        question = await self._parsed(text, before, devices, language, continues=continues)
        with answering_in(question.language):
            return await self._computed(question, devices)

    async def _computed(self, question: ParsedQuestion, devices: Sequence[Device]) -> RuleBasedAnswer:
        context = Context(self._queries, question, devices)
        handler = HANDLERS.get(question.kind)
        try:
            if not devices and question.kind not in ("help", "thanks"):
                raise CannotAnswer(context.say("no_devices"))
            await _require_understood(context, handler)
            if question.kind in PRESENCE_LIMITS:
                await limit_to_presence(context)
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

    async def _devices(self) -> list[Device]:
        """Return all devices with their latest values."""
        ids = [device.id for device in self._queries.registry.devices()]
        found = [self._queries.registry.get(each) async for each in in_slices(ids)]
        return [device for device in found if device is not None]

    async def _parsed(
        self, text: str, before: Sequence[Turn], devices: Sequence[Device], language: str, *, continues: bool
    ) -> ParsedQuestion:
        """Parse a question in a thread, because comparing its words with 100,000 names takes seconds.

        If a device gets a new metric in the meantime, parsing fails and is repeated. After several attempts, the
        question is parsed in the event loop.
        """
        now = self._queries.now()
        resolve = partial(resolve_question, text, before, devices, now, language, continues=continues)
        for _ in range(_PARSED_IN_THREAD):
            try:
                return await asyncio.to_thread(resolve)
            except RuntimeError:
                log.debug("A device changed while a question was parsed. Retrying.")
        return resolve()


def _together(answers: Sequence[RuleBasedAnswer]) -> RuleBasedAnswer:
    """Combine several answers into one, which has the kind of the last answer."""
    texts = list(dict.fromkeys(answer.text for answer in answers))
    return RuleBasedAnswer(
        "\n\n".join(texts),
        answers[-1].kind,
        tuple(dict.fromkeys(pair for answer in answers for pair in answer.about)),
        next((answer.span for answer in answers if answer.span), None),
        any(answer.is_charted for answer in answers),
        next((answer.proposal for answer in answers if answer.proposal), None),
    )


def _named(question: ParsedQuestion) -> tuple[tuple[str, str | None], ...]:
    if question.scope.is_all or question.scope.missing:
        return ()
    return tuple((device.id, None) for device in question.scope.devices[:3])


async def _require_understood(context: Context, handler: Handler | None) -> None:
    """Raise CannotAnswer if the hub could give a wrong answer, because it did not understand all of the question.

    Words that do not change the answer, and parts of the question that ``handler`` does not use, are added to the
    notes of the answer.
    """
    question, scope = context.question, context.question.scope
    for written, read in question.corrections:
        context.notes.append(context.say("read_as", written=written, read=read))
    if scope.missing:
        raise CannotAnswer(await _nothing_called(context, scope.missing))
    if not context.devices and context.all_devices:
        words = " + ".join(f"“{group.words}”" for group in scope.groups)
        raise CannotAnswer(context.say("no_common", words=words))
    uses = handler.uses if handler else frozenset[str]()
    if question.asks_which is not None:
        raise CannotAnswer(context.say("which_of", words=question.asks_which, names=names(context.devices, 8)))
    if question.limiting and "words" not in uses:
        raise CannotAnswer(context.say("cannot_limit", words=listed([f"“{word}”" for word in question.limiting])))
    unknown = [w for w in question.unknown if "versions" not in uses or not any(map(str.isdigit, w))]
    if unknown and "words" not in uses:
        if scope.is_all:
            text = await _nothing_called(context, unknown)
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
    "last_seen", "alert_longest", "silenced", "hub_page", "person",
))  # fmt: skip
"""Kinds of questions in which "open", "on" or "running" is a condition or part of a phrase.

The answer to a question of another kind notes that such a word was not used.
"""
_WITH_NOT: frozenset[Kind] = frozenset((
    "state", "filter", "count", "acknowledged", "offline", "why", "manual", "act", "notify", "episodes",
    "without_alert", "silenced", "hub_page", "person",
))  # fmt: skip


def _note_unused(context: Context, uses: frozenset[str]) -> None:
    question, time = context.question, context.question.time
    if question.kind not in _WITH_STATES:
        _note_concepts(context, [each for each in STATES if (question.kind, each) != ("status", "running")])
    _note_concepts(context, ("unit_wanted",))
    if question.kind in ("filter", "state") and question.scope.is_all:
        _note_concepts(context, ("room",))
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
    """Return the words of the question that mean one of ``concepts``, in quotation marks."""
    if not context.question.has_any(*concepts):
        return []
    phrases = [phrase for phrase, meant in context.language.concepts.items() if meant & set(concepts)]
    of = {word for phrase in phrases for word in phrase.split()}
    tokens = context.question.words.tokens
    asking = {phrase for phrase, meant in context.language.concepts.items() if "which" in meant}
    return [f"“{t.written}”" for t in tokens if t.used_as == "concept" and t.word in of - asking]


async def _nothing_called(context: Context, words: Sequence[str]) -> str:
    """Return a sentence which says that nothing has the name ``words``, with similar names if there are any."""
    registry, lookup = context.queries.registry, context.queries.lookup
    found = [each for word in words for each in await asyncio.to_thread(lookup.near, word)]
    near = [device.display_name for device in map(registry.get, found) if device is not None]
    group = context.question.scope.groups
    alike = near or [device.display_name for each in group[:1] for device in each.devices]
    areas = sorted({area async for device in in_slices(context.all_devices) if (area := device.display_area)})
    text = context.say("nothing_called", words=listed([f"“{word}”" for word in words]))
    if alike:
        return f"{text} {context.say('similar', names=listed(list(dict.fromkeys(alike)), 5))}"
    return f"{text} {context.say('areas_are', areas=listed(areas, 10))}" if areas else text


async def _resolve_alert_time(context: Context) -> None:
    """Replace the time "since the alert" or "before the alert" by a time range that the newest alert determines.

    Raises CannotAnswer if the devices of the question had no alert in the last 30 days.
    """
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
    """Return the text of an answer followed by its notes. A time range at its beginning gets a capital letter."""
    starts = (context.say(key, time="\0").split("\0")[0] for key in ("last", "since"))
    if any(text.startswith(start) for start in starts):
        text = text[:1].upper() + text[1:]
    return "\n".join([text, *dict.fromkeys(context.notes)]).strip()
