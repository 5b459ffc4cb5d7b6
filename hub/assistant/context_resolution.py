"""Complete a follow-up question from the earlier questions and answers of the conversation.

"and freezer 2?" asks the same question about another device. "its current?", "why?" and "since when?" are about the
device that the answer named. "the other one" is the device of the earlier question that the answer did not name.
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.assistant.kinds import kind_of
from hub.assistant.question import Kind, ParsedQuestion
from hub.assistant.question_parser import parse_question
from hub.assistant.question_splitter import split_questions
from hub.assistant.scope import Group, QuestionScope, with_number
from hub.assistant.which_one import chosen_devices
from hub.assistant.words import split_words
from hub.model import Device, Source, Turn

_REMEMBERED = 6
"""Number of earlier turns (questions with their answers) that are used."""
_WEAK: frozenset[Kind] = frozenset(("unknown", "status", "now", "statistics", "list", "happened"))
"""Kinds that the parser gives to an incomplete question, such as "and freezer 2?" or "and yesterday?".

Such a question then gets the kind of the previous question.
"""
_ABOUT_A_DEVICE: frozenset[Kind] = frozenset(
    (
        "why",
        "episodes",
        "change",
        "trend",
        "rate",
        "forecast",
        "run_on",
        "rules",
        "limits",
        "setpoint",
        "manual",
        "firmware",
        "last_seen",
        "commands",
        "meaning",
        "median",
        "deviation",
        "range",
        "first",
        "last",
        "now",
        "statistics",
        "when_extreme",
        "mean",
        "alert_when",
        "acknowledged",
        "model",
        "where",
        "act",
        "correlation",
        "state",
        "total",
        "notify",
    )
)
_ABOUT_THE_SAME: frozenset[Kind] = frozenset(("unusual", "alerts", "failing", "why"))
"""If the second question of a text has such a kind, it is about the devices of the first: "… is anything unusual?"."""
_CHOOSING: frozenset[Kind] = frozenset(("rank", "filter", "count", "mean"))
"""Kinds of questions that choose among devices. "Which is the coldest?" refers to the group of the question before."""

_MAY_FIND_NONE: frozenset[Kind] = frozenset(("offline", "filter", "state", "limit_check", "alerts", "alert_count"))
"""Kinds of questions whose answer may name no device. After such an answer, "why?" refers to nothing."""


def resolve_question(
    text: str,
    before: Sequence[Turn],
    devices: Sequence[Device],
    now: int,
    language: str = "en",
    *,
    continues: bool = False,
) -> ParsedQuestion:
    """Parse the question ``text``, and complete it from the earlier turns ``before``, oldest first.

    ``now`` is in epoch ms. ``language`` is used if the language of the first question cannot be recognized. With
    ``continues``, the question and the last earlier question are parts of the same text.
    """
    previous: ParsedQuestion | None = None
    answered: list[Device] = []
    known = {device.id: device for device in devices}
    for turn in before[-_REMEMBERED:]:
        for part in split_questions(turn.question):
            asked = parse_question(part, devices, now, previous.language.code if previous else language)
            previous = _completed(asked, previous, answered, devices)
        if previous is None:
            continue
        told = dict.fromkeys(extra.device for extra in turn.extras if isinstance(extra, Source))
        answered = [known[device] for device in told if device in known]
        if not answered and not previous.scope.is_all:
            answered = previous.scope.devices
    question = parse_question(text, devices, now, previous.language.code if previous else language)
    names_nothing = question.scope.is_all and not question.unknown and question.kind in _ABOUT_THE_SAME
    if continues and names_nothing and previous is not None and previous.scope.named:
        question.scope = QuestionScope(previous.scope.devices, named=True, inherited=True)
        return question
    return _completed(question, previous, answered, devices)


def _completed(
    question: ParsedQuestion, previous: ParsedQuestion | None, answered: Sequence[Device], devices: Sequence[Device]
) -> ParsedQuestion:
    if previous is None:
        return question
    number = _bare_number(question)
    if number is not None:
        _take_number(question, number, previous, answered, devices)
        return _merged(question, previous)
    if previous.asks_which is not None and (chosen := chosen_devices(question, previous.scope.devices)):
        question.scope = QuestionScope(chosen, named=True)
        question.text = previous.text if previous.kind == "act" else question.text
        return _merged(question, previous)
    if question.has("other_one") and (others := _others(previous, answered, devices)):
        question.scope = QuestionScope(others, inherited=True)
        if previous.kind == "act" and question.kind in _WEAK:
            question.text = previous.text
        return _merged(question, previous) if question.kind in _WEAK else question
    if _asks_which_alerts_are_open(question, previous):
        question.concepts |= {"alert"}
        question.scope = previous.scope
        question.kind = "alert_count" if question.has("how_many") else "alerts"
        return question
    if question.has("since_when") and previous.kind == "rank" and question.scope.is_all and not question.metrics:
        question.scope = previous.scope
        return _merged(question, previous)
    if question.has("not", "which") and previous.kind in ("episodes", "filter", "state") and _adds_nothing(question):
        question.scope, question.kind = previous.scope, "unknown"
        return _merged(question, previous)
    has_scope = not question.scope.is_all or bool(question.scope.missing) or bool(question.unknown)
    refers = question.has("pronoun") and not question.scope.groups
    if has_scope:
        if question.starts_again and question.kind in _WEAK and not question.unknown:
            return _merged(question, previous)
        return question
    if refers:
        question.scope = _inherited(question, previous, answered, is_single=not _is_plural(question))
        question.kind = kind_of(question)
        return _merged(question, previous) if question.kind == "unknown" else _with_metric(question, previous)
    if question.kind == "unknown" or (question.starts_again and question.kind in _WEAK):
        question.scope = _inherited(question, previous, answered, is_single=bool(question.metrics))
        return _merged(question, previous)
    if question.kind in _CHOOSING and previous.scope.groups and not question.has("overall_fleet"):
        question.scope = previous.scope
        return _with_metric(question, previous)
    if question.kind == "why" and previous.kind in _MAY_FIND_NONE and previous.scope.is_all and not answered:
        question.kind = "nothing_to_explain"
        return question
    if question.kind in _ABOUT_A_DEVICE and not question.has("overall_fleet") and not question.has("which"):
        question.scope = _inherited(
            question, previous, answered, is_single=question.kind != "why" or not previous.scope.is_all
        )
        return _with_metric(question, previous)
    return question


def _bare_number(question: ParsedQuestion) -> str | None:
    is_short = question.starts_again or len(question.words) < 3
    numbers = [word for word in question.unknown if word.isdigit()]
    return numbers[0] if is_short and len(question.unknown) == 1 and numbers else None


def _take_number(
    question: ParsedQuestion,
    number: str,
    previous: ParsedQuestion,
    answered: Sequence[Device],
    devices: Sequence[Device],
) -> None:
    """Apply a follow-up question that only names a number, such as "and 4?" after a question about "feed pump 3".

    The scope of ``question`` becomes the device "feed pump 4". If this device does not exist, its name is added to
    ``missing`` of the scope. ``answered`` are the devices of the previous answer.
    """
    base = [*([] if previous.scope.is_all else previous.scope.devices), *answered]
    found = next((same for device in base if (same := with_number(device, number, devices))), [])
    if not found:
        group = [device for each in previous.scope.groups for device in each.devices]
        found = [device for device in group if split_words(device.display_name)[-1:] == [number]]
    question.unknown = []
    if found:
        question.scope = QuestionScope(found, named=True)
    else:
        stem = " ".join(split_words(base[0].display_name)[:-1]) if base else ""
        question.scope = QuestionScope(list(devices), missing=[f"{stem} {number}".strip()])


def _adds_nothing(question: ParsedQuestion) -> bool:
    """Return whether a question names no devices, metrics, times or conditions, such as "which ones didn't?"."""
    is_empty = question.scope.is_all and not question.metrics and not question.times and not question.amounts
    return is_empty and not question.unknown and not question.has_any("alert", "online", "offline")


def _asks_which_alerts_are_open(question: ParsedQuestion, previous: ParsedQuestion) -> bool:
    """Return whether the question is like "which of them are still open?" and follows a question about alerts."""
    about_alerts = previous.kind in ("alert_count", "alerts", "happened", "summary")
    return about_alerts and question.has("open") and question.scope.is_all and not question.metrics


def _others(previous: ParsedQuestion, answered: Sequence[Device], devices: Sequence[Device]) -> list[Device]:
    """Return the devices that "the other one" refers to.

    - If the previous question named several devices: all of them except the first device of the answer.
    - If it named one device: the other device of the same model, if there is exactly one, else none.
    - Otherwise: the second device of the answer.
    """
    first = answered[0].id if answered else None
    if previous.scope.named and len(previous.scope.devices) > 1:
        return [device for device in previous.scope.devices if device.id != first]
    if previous.scope.named and len(previous.scope.devices) == 1:
        (one,) = previous.scope.devices
        alike = [each for each in devices if each.id != one.id and one.info.model and each.info.model == one.info.model]
        return alike if len(alike) == 1 else []
    return list(answered[1:2])


def _is_plural(question: ParsedQuestion) -> bool:
    plural = {"they", "them", "their", "these", "those", "ihre", "ihrer", "ihren", "sus", "estos", "estas"}
    return any(token.word in plural for token in question.words.tokens)


def _inherited(
    question: ParsedQuestion, previous: ParsedQuestion, answered: Sequence[Device], *, is_single: bool
) -> QuestionScope:
    """Return the scope of a follow-up question that names no devices.

    It has the devices of the ``previous`` question or, if that was about all devices, those of its answer
    (``answered``). If the follow-up is about one device (``is_single``) and the previous question chose among devices
    ("which is the hottest?"), it has only the first device of the answer.
    """
    chose = previous.kind in ("rank", "filter", "alerts", "alert_when", "count", "battery", "offline")
    if chose and answered and is_single:
        return QuestionScope([answered[0]], inherited=True)
    if not previous.scope.is_all:
        groups: list[Group] = [] if previous.scope.named else previous.scope.groups
        return QuestionScope(previous.scope.devices, previous.scope.named, groups, inherited=True)
    if answered:
        return QuestionScope(list(answered[:1] if is_single else answered), inherited=True)
    return question.scope


def _with_metric(question: ParsedQuestion, previous: ParsedQuestion) -> ParsedQuestion:
    """Return ``question``, with the metric of the previous question if it needs a metric and names none."""
    has_own = question.metrics or question.quantity or (question.hint and question.hint.quantity)
    if (
        not has_own
        and question.kind in _ABOUT_A_DEVICE | _CHOOSING
        and question.kind not in ("why", "rules", "manual", "act", "run_on", "alert_when")
    ):
        question.metrics = previous.metrics
        question.quantity = previous.quantity or (previous.hint.quantity if previous.hint else None)
    return question


def _merged(question: ParsedQuestion, previous: ParsedQuestion) -> ParsedQuestion:
    """Return ``question``, completed with the parts of the previous question that it lacks."""
    has_metric = bool(question.metrics or question.quantity)
    has_taken_side = question.hint is None and question.comparative is None
    question.concepts = frozenset(question.concepts | previous.concepts) - {"pronoun", "again", "other_one"}
    question.hint = question.hint or (None if has_metric else previous.hint)
    question.comparative = question.comparative or (None if has_metric else previous.comparative)
    question.metrics = question.metrics or ([] if question.quantity else previous.metrics)
    question.quantity = question.quantity or (None if has_metric else previous.quantity)
    question.times = question.times or previous.times
    question.amounts = question.amounts or previous.amounts
    question.top = question.top or previous.top
    if question.scope.is_all and not question.scope.missing and not previous.scope.is_all:
        question.scope = previous.scope
    question.kind = kind_of(question)
    if (
        question.kind in ("rank", "trend", "compare")
        and has_taken_side
        and question.scope.is_single
        and not question.has("since_when")
    ):
        hint = question.hint or question.comparative
        question.quantity = question.quantity or (hint.quantity if hint else None)
        question.hint, question.comparative = (None if question.time is None else question.hint), None
        question.kind = kind_of(question)
    return question
