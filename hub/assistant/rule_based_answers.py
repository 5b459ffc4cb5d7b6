"""The built-in analyst's answers: one function a kind of question, each from live data, none from a language model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from hub import text_format as fmt
from hub.assistant.command_intent import parse_command_intent
from hub.assistant.context_resolution import resolve_context
from hub.assistant.history_answers import extreme, happened, history
from hub.assistant.intent_parser import Intent, Kind
from hub.assistant.manual_answers import manuals
from hub.assistant.phrases import about, ago, listed, named, one_or_many
from hub.assistant.target_selection import TargetSelection, unheard
from hub.assistant.time_parser import TimeRange
from hub.errors import Conflict, Invalid
from hub.insight.claims import sentences
from hub.model import Device, Proposal
from hub.tools import Queries
from hub.tools.views import AlertView

HELP = (
    "I am the built-in analyst: rules and statistics over the hub's live data, not a language model. I can answer: how "
    "many devices are online or offline; which device is hottest, coldest or has the highest or lowest of any metric, "
    "and since when; the status or the history of a device; what is alarming and why; what happened last night or in "
    "the last hours; how a device compares with its peers; whether anything is about to fail; and what the "
    "manual of a device says. A wish (“set the "
    "valve of tank 3 to 40”) becomes a command for you to send. For free-form answers connect OpenAI or Ollama."
)


_SOON_S = 3 * 3600
"""How far ahead the slope of half an hour is believed."""


class RuleBasedAnswer(msgspec.Struct, frozen=True):
    """``span`` is the time that was asked about, None where now was; ``proposal`` what a person may send."""

    text: str
    kind: Kind
    span: TimeRange | None = None
    proposal: Proposal | None = None


class RuleBasedAnswers:
    """``answer`` never raises for a question; what it cannot parse gets :data:`HELP`."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._kinds: dict[Kind, Callable[[Intent, TargetSelection], Awaitable[str]]] = {
            "manual": lambda q, s: manuals(self._queries, q, s),
            "failing": self._failing,
            "compare": self._compare,
            "extreme": lambda q, s: extreme(self._queries, q, s),
            "happened": lambda q, s: happened(self._queries, q, s),
            "why": self._why,
            "alarming": self._alarming,
            "count": self._count,
            "presence": self._presence,
            "history": self._history,
            "average": self._average,
            "status": self._status,
        }

    async def answer(self, text: str, before: Sequence[str] = ()) -> RuleBasedAnswer:
        """``before`` are the earlier questions of the conversation, oldest first."""
        metrics = {metric for device in self._queries.registry.devices() for metric in device.metrics}
        question, scope = resolve_context(text, before, self._queries.lookup, metrics, self._queries.now())
        if scope.missing and len(self._queries.registry):
            return RuleBasedAnswer(self._nobody(scope), "unknown")
        kind = question.kind
        if kind == "unknown" and scope.devices and not scope.whole:
            kind = "history" if question.span else "status"
        if kind == "extreme" and scope.whole:
            scope = msgspec.structs.replace(scope, note=unheard(self._queries.lookup, text))
        if not len(self._queries.registry):
            return RuleBasedAnswer("No device has spoken to this hub yet, so there is nothing to report.", "unknown")
        if kind == "act":
            return await self._proposed(question, scope)
        ask = self._kinds.get(kind)
        if ask is None:
            return RuleBasedAnswer(f"I could not make out what is asked. {HELP}", kind)
        return RuleBasedAnswer(scope.note + await ask(question, scope), kind, question.span)

    def _nobody(self, scope: TargetSelection) -> str:
        """The device that was named is not there; who is, and is much like it."""
        lookup = self._queries.lookup
        near = [self._queries.registry.require(each) for each in lookup.near(scope.missing or "")]
        alike = near or scope.devices
        return f"Nothing here is called “{scope.missing}”." + (f" There is {named(alike, 5)}." if alike else "")

    async def _proposed(self, question: Intent, scope: TargetSelection) -> RuleBasedAnswer:
        """A wish is put before the person as a command; it is sent by nobody here."""
        never = "I only look things up and never act: a person does that"
        if not scope.named or len(scope.devices) != 1:
            about = f" How it stands now: {await self._status(question, scope)}" if scope.named else ""
            return RuleBasedAnswer(f"{never} on the device's or the alert's page.{about}", "act")
        now = await self._status(question, scope)
        try:
            proposal = parse_command_intent(question.text, scope.devices[0])
        except (Invalid, Conflict) as error:
            return RuleBasedAnswer(f"{never} on the page of {scope.the()}. {error} How it stands now: {now}", "act")
        return RuleBasedAnswer(
            f"{never}. Below is the command, as it would go to {proposal.name}; it goes when you send it. {now}",
            "act",
            proposal=proposal,
        )

    async def _count(self, question: Intent, scope: TargetSelection) -> str:
        if "alert" in question.text.lower() or "alarm" in question.text.lower():
            return await self._alarming(question, scope)
        by = Counter(d.presence for d in scope.devices)
        total = len(scope.devices)
        parts = [f"{by[p]} {p}" for p in ("online", "stale", "offline") if by[p]]
        alarming = sum(1 for d in scope.devices if self._queries.engine.severity(d.id) not in ("ok", "info"))
        text = f"There {one_or_many(total, 'is', 'are')} {scope.counted()}: {fmt.join(parts)}."
        if scope.mentioned:
            text += f" {one_or_many(total, 'It is', 'They are')} {named(scope.devices, 12)}."
        gone = [d for d in scope.devices if d.presence != "online"]
        if gone:
            text += f" Not online: {named(gone)}."
        return text + (f" {alarming} of them {one_or_many(alarming, 'has', 'have')} an open alert." if alarming else "")

    async def _presence(self, question: Intent, scope: TargetSelection) -> str:
        if not scope.whole and len(scope.devices) == 1:
            return await self._status(question, scope)
        if "online" in question.text.lower() and "not online" not in question.text.lower():
            return await self._count(question, scope)
        gone = sorted((d for d in scope.devices if d.presence != "online"), key=lambda d: d.last_seen or 0)
        if not gone:
            count = len(scope.devices)
            return f"None: all of {scope.the()} {one_or_many(count, 'is', 'are')} online ({count})."
        now = self._queries.now()
        lines = [f"{d.display_name} ({d.presence}, last heard {ago(d.last_seen, now)})" for d in gone]
        return f"{len(gone)} of {scope.counted()} {one_or_many(len(gone), 'is', 'are')} not online: {listed(lines)}."

    async def _alarming(self, question: Intent, scope: TargetSelection) -> str:
        open_alerts = self._queries.open_alerts(None if scope.whole else [d.id for d in scope.devices])
        where = "" if scope.whole else f" for {scope.the()}"
        if not open_alerts:
            return f"Nothing is alarming{where}: there is no open alert."
        views = await self._queries.explained(open_alerts[:6])
        most = 4 if len(views) == 1 else 2
        text = f"{len(open_alerts)} open {one_or_many(len(open_alerts), 'alert', 'alerts')}{where}. "
        text += " ".join(self._told(view, most) for view in views)
        if len({view.device for view in views}) == 1:
            # Alarms of one machine mostly have one cause: what to do is said once.
            do = dict.fromkeys(action for view in views for action in view.actions)
            text += f" To do: {' '.join(list(do)[:3])}" if do else ""
        return text + (f" And {len(open_alerts) - 6} more." if len(open_alerts) > 6 else "")

    def _told(self, view: AlertView, most: int = 4) -> str:
        """One alert with at most ``most`` sentences of its explanation."""
        why = "it has not been diagnosed yet."
        if view.why:
            why = " ".join(sentences(view.why)[:most])
        since = ago(view.raised_at, self._queries.now())
        raised = f"raised {since}, {fmt.clock(view.raised_at)}"
        return f"{view.severity.capitalize()}: {view.name}, {view.message} ({raised}). {why[:1].upper()}{why[1:]}"

    async def _why(self, question: Intent, scope: TargetSelection) -> str:
        if scope.whole:
            return await self._alarming(question, scope)
        ids = [d.id for d in scope.devices]
        if self._queries.open_alerts(ids):
            return await self._alarming(question, scope)
        recent = await self._queries.alerts_between(self._queries.now() - 7 * 86_400_000, self._queries.now(), ids, 1)
        if not recent:
            return (
                f"{scope.The()} {one_or_many(len(ids), 'has', 'have')} no open alert and had none in the last 7 days."
            )
        return f"No alert is open for {scope.the()}; the last one has cleared. {self._told(recent[0])}"

    async def _status(self, question: Intent, scope: TargetSelection) -> str:
        if scope.whole:
            if question.metric and not scope.mentioned:
                return await self._average(question, scope)
            return f"{await self._count(question, scope)} {await self._alarming(question, scope)}"
        if len(scope.devices) == 1:
            return about(self._queries, scope.devices[0], question.metric)
        if question.metric:
            return await self._average(question, scope)
        return f"{await self._count(question, scope)} {await self._alarming(question, scope)}"

    async def _average(self, question: Intent, scope: TargetSelection) -> str:
        if question.metric is None:
            return f"Please name a metric. {self._metrics(scope.devices)}"
        rows = self._queries.ranked(scope.devices, question.metric)
        if not rows:
            return f"None of {scope.the()} reports a metric like “{fmt.spoken(question.metric)}”."
        lines = []
        for metric, unit in dict.fromkeys((r.metric, r.unit) for r in rows):
            values = [r.value for r in rows if (r.metric, r.unit) == (metric, unit)]
            mean = fmt.quantity(sum(values) / len(values), unit)
            spread = f"{fmt.number(min(values), unit)} to {fmt.quantity(max(values), unit)}"
            lines.append(f"{fmt.spoken(metric)} {mean} on average over {len(values)} (from {spread})")
        return f"Now, for {scope.the()}: {'; '.join(lines[:6])}."

    async def _history(self, question: Intent, scope: TargetSelection) -> str:
        if not question.metric and (scope.whole or len(scope.devices) != 1):
            return await happened(self._queries, question, scope)
        return await history(self._queries, question, scope)

    async def _compare(self, question: Intent, scope: TargetSelection) -> str:
        if scope.whole or not scope.named:
            alike = Counter(d.info.model for d in scope.devices if d.info.model)
            some = [d for d in scope.devices if alike[d.info.model or ""] > 1]
            such = f", such as {named(some, 5)}" if some else ""
            return f"Please name the device to compare with its peers, by its name or id{such}."
        device = scope.devices[0]
        hours = (question.span.end - question.span.start) / 3_600_000 if question.span else 1.0
        rows = await self._queries.comparison(device, hours)
        if question.metric:
            rows = [r for r in rows if question.metric in r.metric.casefold()] or rows
        if not rows:
            model = device.info.model or "unknown"
            return f"{device.display_name} has no peer: no other device of its model ({model}) has readings."
        when = question.span.words if question.span else "the last hour"
        lines = [
            f"{fmt.spoken(r.metric)} {fmt.quantity(r.own, r.unit)} against {fmt.quantity(r.median, r.unit)} "
            f"({fmt.number(r.lowest, r.unit)} to {fmt.number(r.highest, r.unit)})"
            for r in rows[:8]
        ]
        odd = [fmt.spoken(r.metric) for r in rows if abs(r.deviations) >= 3.5]
        verdict = f"Unusual among them: {fmt.join(odd)}." if odd else "Nothing stands out."
        return (
            f"{device.display_name} beside {rows[0].peers} other {device.info.model}, means over {when}, own value "
            "against the "
            f"peers' median (and range): {'; '.join(lines)}. {verdict}"
        )

    async def _failing(self, question: Intent, scope: TargetSelection) -> str:
        rows = await self._queries.headings(scope.devices, _SOON_S)
        ids = None if scope.whole else [d.id for d in scope.devices]
        already = {alert.device for alert in self._queries.open_alerts(ids)}
        rows = [row for row in rows if row.device not in already]
        text = ""
        if already:
            devices = [d for d in scope.devices if d.id in already]
            text = f"Already alarming: {named(devices)}. "
        if not rows:
            slopes = f"within the next {fmt.duration(_SOON_S * 1000)}, by the slopes of the last half hour"
            return f"{text}Nothing{' else' if text else ''} among {scope.the()} is on its way to a limit {slopes}."
        lines = [
            f"{r.name}: {fmt.spoken(r.metric)} is at {fmt.quantity(r.value, r.unit)} and "
            f"{'rises' if r.per_hour > 0 else 'falls'} by {fmt.rate(abs(r.per_hour) / 3600, r.unit)}, which "
            f"reaches the limit of {fmt.limit_quantity(r.limit, r.unit)} in {fmt.duration(r.left_s * 1000)}"
            for r in rows[:5]
        ]
        more = f" And {len(rows) - 5} more, later." if len(rows) > 5 else ""
        return text + "If the slopes of the last half hour go on: " + "; ".join(lines) + "." + more

    @staticmethod
    def _metrics(devices: Sequence[Device]) -> str:
        common = Counter(metric for d in devices for metric in d.metrics)
        return f"There is {fmt.join([fmt.spoken(m) for m, _ in common.most_common(8)])}." if common else ""
