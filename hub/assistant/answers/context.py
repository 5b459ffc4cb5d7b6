"""The context in which an answer is computed: the question, the hub's data, and phrases in the question's language."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from hub import text_format as fmt
from hub.assistant.answers.metric_schemas import MetricSchemas
from hub.assistant.answers.slices import in_slices
from hub.assistant.language import Language, answer_language
from hub.assistant.metric_words import MetricMention
from hub.assistant.question import ParsedQuestion
from hub.assistant.time_parser import HOUR
from hub.assistant.time_range import TimeRange
from hub.model import Device, Latest, Proposal, RuleProposal, Value
from hub.model.metric import state_word
from hub.tools import Queries

T = TypeVar("T")
MAX_LINES = 12
_KEPT_ABOUT = 200
"""Maximum number of metrics that an answer refers to. The first of them are shown as its sources."""
MAX_TARGETS = 200
"""Maximum number of metrics whose history is read for one answer."""


class ComputedAnswer(msgspec.Struct, frozen=True):
    """An answer with its sources, charts and proposal.

    Attributes:
        about: the sources of the answer, most important first: pairs of device id and metric (None: the whole device).
        span: the time range that the answer is about (epoch ms); None if it is about the present.
        is_charted: whether charts of the first metrics in ``about`` should be shown.
        proposal: a command that the person may send, or a rule that the person may save; None if there is none.
    """

    text: str
    about: tuple[tuple[str, str | None], ...] = ()
    span: tuple[int, int] | None = None
    is_charted: bool = False
    proposal: Proposal | RuleProposal | None = None


class CannotAnswer(Exception):
    """Raised if a question cannot be answered. Its message is shown as the answer, and says what is missing."""


class Target(msgspec.Struct, frozen=True, gc=False):
    """One metric of one device."""

    device: Device
    metric: str

    @property
    def unit(self) -> str | None:
        return self.device.unit(self.metric)

    @property
    def latest(self) -> Latest:
        return self.device.metrics[self.metric]

    @property
    def title(self) -> str:
        return fmt.in_sentence(self.device.describe(self.metric).title)

    @property
    def name(self) -> str:
        return f"{self.device.display_name}, {self.title}"

    @property
    def key(self) -> tuple[str, str]:
        return self.device.id, self.metric

    @property
    def is_number(self) -> bool:
        """Return whether the latest value is a number."""
        return type(self.device.metrics[self.metric].value) is float

    def show(self, value: Value) -> str:
        """Return ``value`` as text with the unit of this metric, or as the word for a state."""
        if isinstance(value, float):
            return fmt.quantity(value, self.unit)
        language, device_class = answer_language(), self.device.describe(self.metric).device_class
        words = language.states if language is not None else None
        word = words.word(value, device_class) if words is not None else None
        word = word or state_word(value, device_class)
        return word.lower() if word else f"“{str(value)[:40]}”"

    def state(self) -> str:
        """Return the latest value of the metric as text in lower case, such as "open", cut to 40 characters."""
        value = self.device.metrics[self.metric].value
        return (state_word(value, self.device.describe(self.metric).device_class) or str(value)[:40]).lower()


class Context:
    """One question, and access to the data for its answer. ``now`` is in epoch ms."""

    def __init__(self, queries: Queries, question: ParsedQuestion, all_devices: Sequence[Device]) -> None:
        self.queries, self.question, self.now = queries, question, queries.now()
        self.language: Language = question.language
        self.devices: Sequence[Device] = question.scope.devices
        self.all_devices = all_devices
        self.notes: list[str] = []
        self.schemas = MetricSchemas()

    def say(self, key: str, **values: object) -> str:
        return self.language.say(key, **values)

    def count(self, key: str, number: int, **values: object) -> str:
        return self.language.count(key, number, **values)

    @property
    def scope_words(self) -> str:
        """Return a phrase for the devices of the question, such as their names, for use in a sentence."""
        scope = self.question.scope
        if scope.presence:
            group = f"{scope.label} ({scope.total})" if scope.groups else self.say("all_devices", n=scope.total)
            return self.say(f"only_{scope.presence}", scope=group, n=len(self.devices))
        if scope.excluded:
            group = (
                f"{scope.label} ({len(self.devices)})" if scope.label else self.say("all_devices", n=len(self.devices))
            )
            return self.say("all_but", scope=group, names=names(scope.excluded, 4))
        if scope.is_all:
            return self.say("all_devices", n=len(self.devices))
        if scope.groups and not scope.named and not scope.inherited:
            return f"{scope.label} ({len(self.devices)})"
        return names(self.devices, 5)

    @property
    def ids(self) -> list[str] | None:
        """Return the ids of the devices of the question; None if it is about all devices."""
        return None if self.question.scope.is_all else [device.id for device in self.devices]

    def span(self, default: int = HOUR) -> TimeRange:
        """Return the time range that the question names or, if it names none, the last ``default`` milliseconds."""
        found = self.question.time
        if found is not None and found.kind == "range":
            return found
        return TimeRange(self.now - default, self.now, self.say("last", time=fmt.duration(default)))

    def clock(self, stamp: int) -> str:
        """Return the time ``stamp`` as text: the time of day, with the date if it is more than twelve hours ago."""
        return fmt.clock(stamp) if self.now - stamp < 12 * HOUR else fmt.date_time(stamp)

    def clock_ahead(self, stamp: int) -> str:
        """Return the future time ``stamp`` as text without seconds; with the date if it is over twelve hours ahead."""
        return fmt.clock_minute(stamp) if stamp - self.now < 12 * HOUR else fmt.date_time(stamp)

    def ago(self, stamp: int | None) -> str:
        if stamp is None:
            return self.say("never")
        return self.say("ago", time=fmt.duration(max(self.now - stamp, 0) // 1000 * 1000))

    # -- metrics -----------------------------------------------------------------------------------------------

    def mentions(self) -> list[MetricMention]:
        """Return the metrics that the question names: by their words, or by an adjective such as "hot"."""
        question = self.question
        # The German word for current ("Strom") also means electricity, whose consumption is energy.
        is_energy = question.has("energy_used") and all(each.words.startswith("strom") for each in question.metrics)
        if question.metrics and not is_energy:
            return question.metrics
        hints = (hint.quantity for hint in (question.hint, question.comparative) if hint)
        quantity = next((each for each in hints if each), None) or question.quantity
        if quantity is None and question.has("energy_used"):
            quantity = "power"
        if quantity is None and question.has("flowed"):
            quantity = "flow"
        if quantity is None and (question.has("battery") or (question.has("on_battery") and question.compares)):
            quantity = "state_of_charge"
        return [MetricMention(quantity.replace("_", " "), quantity=quantity)] if quantity else []

    async def targets(
        self,
        *,
        numbers: bool = True,
        any_metric: bool = False,
        most: int | None = MAX_TARGETS,
        mentions: Sequence[MetricMention] | None = None,
    ) -> list[Target]:
        """Return the metrics that the question is about, at most ``most`` (None: all).

        Raises CannotAnswer if there are none. With ``numbers``, only metrics whose latest value is a number are
        returned. With ``any_metric``, a question that names no metric is about all metrics of its devices. ``mentions``
        are the metrics named in one part of the question; None means all metrics that the question names.
        """
        mentions = self.mentions() if mentions is None else mentions
        found = await self._meant(mentions, numbers=numbers)
        if mentions and not found:
            is_text = numbers and bool(await self._meant(mentions, numbers=False))
            raise CannotAnswer(self._no_metric(fmt.join([each.words for each in mentions]), is_text=is_text))
        if mentions:
            self._note_lacking(found, mentions)
            return self.first(found, most)
        pairs = [target async for target in self.shown_targets() if not numbers or target.is_number]
        if pairs and any_metric:
            return self.first(pairs, most)
        only = [target async for target in in_slices(pairs) if self._is_main(target)] or pairs
        if len({target.metric async for target in in_slices(only)}) == 1:
            return self.first(only, most)
        raise CannotAnswer(self.say("which_metric", metrics=self.metric_names()))

    def first(self, targets: list[Target], most: int | None) -> list[Target]:
        """Return the first ``most`` metrics (None: all). If some are left out, add a note to the answer."""
        if most is not None and len(targets) > most:
            self.notes.append(self.say("first_metrics", n=most, total=len(targets)))
        return targets[:most]

    async def _meant(self, mentions: Sequence[MetricMention], *, numbers: bool) -> list[Target]:
        """Return the metrics of the devices that ``mentions`` refer to; with ``numbers``, only numeric metrics."""
        if not mentions:
            return []
        found: list[Target] = []
        async for device in in_slices(self.devices):
            schema = self.schemas.of(device)
            meant = schema.meant_by(mentions[0])
            if len(mentions) > 1:
                meant = list(dict.fromkeys(name for each in mentions for name in schema.meant_by(each)))
            found += [Target(device, m) for m in meant if not numbers or type(device.metrics[m].value) is float]
        return found

    async def shown_targets(self) -> AsyncIterator[Target]:
        """Yield the metrics of each device of the question that the dashboard shows, most important first."""
        async for device in in_slices(self.devices):
            for metric in self.shown_metrics(device):
                yield Target(device, metric)

    def _is_main(self, target: Target) -> bool:
        return self.schemas.of(target.device).described[target.metric].category in ("primary", "further")

    def _note_lacking(self, found: Sequence[Target], mentions: Sequence[MetricMention]) -> None:
        """Add a note for named devices that do not have the metric, and for each metric that no device has."""
        if self.question.scope.named:
            having = {target.device.id for target in found}
            lacking = [device for device in self.devices if device.id not in having]
            if lacking:
                self.notes.append(self.say("lacks", name=names(lacking), metric=mentions[0].words))
        known = self.schemas.any_has(mentions)
        for mention in mentions:
            if mention not in known:
                self.notes.append(self.say("none_has", scope=self.scope_words, metric=mention.words))

    def _no_metric(self, metric: str, *, is_text: bool) -> str:
        if is_text:
            return self.say("no_numbers", scope=self.scope_words, metric=metric)
        if len(self.devices) != 1:
            return self.say("none_has", scope=self.scope_words, metric=metric)
        lacks = self.say("lacks", name=self.devices[0].display_name, metric=metric)
        return f"{lacks} {self.say('has', metrics=self.metric_names())}"

    def shown_metrics(self, device: Device) -> list[str]:
        """Return the metrics of ``device`` that the dashboard shows, most important first."""
        return self.schemas.of(device).shown

    def metric_names(self, most: int = 8) -> str:
        """Return the titles of at most ``most`` metrics of the question's devices, as text."""
        titles = dict.fromkeys(
            fmt.in_sentence(device.describe(metric).title)
            for device in self.devices[:MAX_TARGETS]
            for metric in self.shown_metrics(device)
        )
        return listed(list(titles), most)

    # -- texts -------------------------------------------------------------------------------------------------

    def stale_note(self, device: Device) -> str:
        """Return a remark to append to a line about a device that is not online; an empty text if it is online."""
        if device.presence == "online":
            return ""
        return f" ({self.say(device.presence)}, {self.say('heard', ago=self.ago(device.last_seen))})"

    def lines(self, head: str, lines: Sequence[str], most: int = MAX_LINES) -> str:
        """Return the heading ``head`` and a list of at most ``most`` lines below it; further lines are only counted."""
        more = [f"• {self.say('more', n=len(lines) - most)}"] if len(lines) > most else []
        return "\n".join([head, *(f"• {line}" for line in lines[:most]), *more])


def shown_rows(rows: Sequence[T], show: Callable[[T], str], most: int) -> list[str]:
    """Return the texts of the first ``most`` rows, followed by an empty text for each further row.

    The further rows are not shown, but the number of entries stays the number of rows.
    """
    return [*map(show, rows[:most]), *[""] * (len(rows) - most)]


def names(devices: Iterable[Device], most: int = 8) -> str:
    return listed([device.display_name for device in devices], most)


def listed(items: Sequence[str], most: int = 8) -> str:
    return ", ".join(items[:most]) + (f" … (+{len(items) - most})" if len(items) > most else "")


def about(targets: Iterable[Target]) -> tuple[tuple[str, str | None], ...]:
    return tuple(target.key for target in islice(targets, _KEPT_ABOUT))
