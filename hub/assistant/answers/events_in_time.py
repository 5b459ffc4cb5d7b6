"""Answers about when, how often and how long a condition was met."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hub import text_format as fmt
from hub.assistant.answers.conditions import condition_targets, meets
from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context, Target, about
from hub.assistant.answers.current import state_targets
from hub.assistant.answers.readings import Episode, episodes
from hub.assistant.answers.statistics import tracks_of
from hub.assistant.kinds import STATES
from hub.assistant.time_parser import DAY

_TRUE_STATES = {"open", "on", "running", "wet", "motion", "unlocked"}
_REVERSED = ("contact", "locked")
"""Device classes for which the value True means closed or locked instead of open."""


async def occurrences(context: Context) -> ComputedAnswer:
    """Answer when, how often and how long a condition was met.

    The condition is a value beyond a limit, or a state such as open or running.
    """
    amount = context.question.compares
    states = [each for each in STATES if context.question.has(each)]
    if amount is not None:
        targets = await condition_targets(context, amount)
    elif states:
        targets = await state_targets(context, states[0])
    else:
        raise CannotAnswer(context.say("which_condition"))
    if len(targets) > 12:
        raise CannotAnswer(context.say("name_device", scope=context.scope_words))
    span = context.span(DAY)
    lines = []
    tracks = await tracks_of(context, span, targets)
    for track in tracks:
        if amount is not None:
            judged = [meets(float(value), track.target.unit, amount) for value in track.values]
            if judged[0] is None:
                raise CannotAnswer(context.say("no_unit", unit=amount.unit or "", scope=track.target.name))
            holds = np.array(judged, dtype=bool)
        else:
            holds = (track.values > 0.5) == _true_means(track.target, states[0])
        found = episodes(track, holds)
        if context.question.has("since_when") and amount is None and not holds[-1]:
            found = episodes(track, ~holds)  # "since when?" after the answer "no, it is open" is about being open
        if context.question.has("not") and found:
            continue  # "which never exceeded 5 °C?" asks only for metrics without an episode
        told = _told(context, found)
        if context.question.has("since_when") and amount is None and found:
            state = track.target.show(track.target.latest.value)
            told = context.say("in_state_since", state=state, time=_since(context, found[-1]))
        lines.append(f"{track.target.name}: {told}")
    if not lines:
        raise CannotAnswer(f"{span.words}: {context.say('each_at_least_once', scope=context.scope_words)}")
    text = f"{span.words}: {lines[0]}" if len(lines) == 1 else context.lines(f"{span.words}:", lines)
    return ComputedAnswer(text, about(track.target for track in tracks), (span.start, span.end), True)


def _since(context: Context, episode: Episode) -> str:
    """Return a text that says when an ongoing episode began and how long it has lasted."""
    start = (
        context.say("before_time", time=context.clock(episode.start))
        if episode.is_cut
        else context.clock(episode.start)
    )
    return f"{start} ({fmt.duration(context.now - episode.start)})"


def _true_means(target: Target, state: str) -> bool:
    """Return the value (True or False) of a boolean metric that means ``state``, such as "on".

    For some device classes, True means closed or locked.
    """
    wanted = state in _TRUE_STATES
    return not wanted if target.device.describe(target.metric).device_class in _REVERSED else wanted


def _told(context: Context, found: Sequence[Episode]) -> str:
    if not found:
        return context.say("never_in_time")
    whole = sum(episode.end - episode.start for episode in found)
    newest = found[-1]
    text = context.count("times", len(found), duration=fmt.duration(whole) if whole else "0 s")
    key = "now_since" if newest.is_open else "last_from_to"
    text += " " + context.say(
        key,
        start=context.clock(newest.start),
        end=context.clock(newest.end),
        duration=fmt.duration(newest.end - newest.start),
    )
    if found[0].is_cut:
        text += " " + context.say("already_at_begin")
    if context.question.has("first") and not found[0].is_cut:
        text += " " + context.say("first_at", time=context.clock(found[0].start))
    return text
