"""Words and sentences of the built-in analyst in each language, and the times that questions name."""

from __future__ import annotations

from string import Formatter

import pytest

from hub.assistant.language import languages
from hub.assistant.time_parser import DAY, HOUR, MINUTE, parse_time_ranges
from hub.assistant.time_range import TimeRange
from hub.assistant.words import QuestionWords

NOW = 1_795_384_800_000  # 2026-11-22 22:00:00 UTC, a Sunday
MIDNIGHT = NOW - NOW % DAY
A_WEEK_AGO = MIDNIGHT - 7 * DAY


def _placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("code", ["de", "es"])
def test_every_sentence_is_translated_with_same_placeholders(code: str) -> None:
    english, other = languages()["en"].sentences, languages()[code].sentences
    assert other.keys() == english.keys()
    assert [key for key in english if _placeholders(english[key]) != _placeholders(other[key])] == []


@pytest.mark.parametrize("code", ["de", "es"])
def test_every_concept_has_words(code: str) -> None:
    known = {concept for meant in languages()[code].concepts.values() for concept in meant}
    english = {concept for meant in languages()["en"].concepts.values() for concept in meant}
    only_english = {"rule_words", "unit_wanted", "pair", "warning_level", "up", "what_does"}
    assert english - known <= only_english


def _time(text: str, code: str = "en") -> TimeRange:
    (found,) = parse_time_ranges(QuestionWords(text), languages()[code], NOW)
    return found


TIMES = [
    ("en", "in the last two hours", NOW - 2 * HOUR, NOW),
    ("en", "over the past half hour", NOW - 30 * MINUTE, NOW),
    ("en", "the last twenty minutes", NOW - 20 * MINUTE, NOW),
    ("en", "since 13:00", MIDNIGHT + 13 * HOUR, NOW),
    ("en", "between 13:00 and 14:30 yesterday", MIDNIGHT - DAY + 13 * HOUR, MIDNIGHT - DAY + 14 * HOUR + 30 * MINUTE),
    ("en", "last Tuesday night", MIDNIGHT - 5 * DAY + 20 * HOUR, MIDNIGHT - 4 * DAY + 7 * HOUR),
    ("en", "last night", MIDNIGHT + 20 * HOUR, NOW),
    ("en", "last Sunday", A_WEEK_AGO, A_WEEK_AGO + DAY),
    ("en", "past Sunday morning", A_WEEK_AGO + 6 * HOUR, A_WEEK_AGO + 12 * HOUR),
    ("en", "since last Sunday", A_WEEK_AGO, NOW),
    ("en", "last Monday", MIDNIGHT - 6 * DAY, MIDNIGHT - 5 * DAY),
    ("de", "am letzten Sonntag", A_WEEK_AGO, A_WEEK_AGO + DAY),
    ("de", "am Sonntag", MIDNIGHT, NOW),
    ("de", "seit letztem Sonntag", A_WEEK_AGO, NOW),
    ("es", "el domingo pasado", A_WEEK_AGO, A_WEEK_AGO + DAY),
    ("es", "el pasado domingo", A_WEEK_AGO, A_WEEK_AGO + DAY),
    ("en", "on Sunday morning", MIDNIGHT + 6 * HOUR, MIDNIGHT + 12 * HOUR),
    ("en", "on Monday morning", MIDNIGHT - 6 * DAY + 6 * HOUR, MIDNIGHT - 6 * DAY + 12 * HOUR),
    (
        "en",
        "at 23:30 on Sunday",
        MIDNIGHT - 7 * DAY + 23 * HOUR + 30 * MINUTE,
        MIDNIGHT - 7 * DAY + 23 * HOUR + 30 * MINUTE,
    ),
    (
        "en",
        "between 22:30 and 23:00 on Sunday",
        MIDNIGHT - 7 * DAY + 22 * HOUR + 30 * MINUTE,
        MIDNIGHT - 7 * DAY + 23 * HOUR,
    ),
    ("en", "since Sunday 23:00", A_WEEK_AGO + 23 * HOUR, NOW),
    ("de", "am Sonntag Morgen", MIDNIGHT + 6 * HOUR, MIDNIGHT + 12 * HOUR),
    ("de", "gestern Morgen", MIDNIGHT - DAY + 6 * HOUR, MIDNIGHT - DAY + 12 * HOUR),
    ("de", "heute Morgen", MIDNIGHT + 6 * HOUR, MIDNIGHT + 12 * HOUR),
    ("es", "el domingo por la mañana", MIDNIGHT + 6 * HOUR, MIDNIGHT + 12 * HOUR),
    ("es", "ayer por la mañana", MIDNIGHT - DAY + 6 * HOUR, MIDNIGHT - DAY + 12 * HOUR),
    ("es", "esta mañana", MIDNIGHT + 6 * HOUR, MIDNIGHT + 12 * HOUR),
    ("en", "yesterday", MIDNIGHT - DAY, MIDNIGHT),
    ("en", "this morning", MIDNIGHT + 6 * HOUR, MIDNIGHT + 12 * HOUR),
    ("en", "on 20 November", MIDNIGHT - 2 * DAY, MIDNIGHT - DAY),
    ("en", "on 2026-11-20", MIDNIGHT - 2 * DAY, MIDNIGHT - DAY),
    ("en", "in October", MIDNIGHT - 52 * DAY, MIDNIGHT - 21 * DAY),
    ("en", "this shift", NOW - 8 * HOUR, NOW),
    ("en", "between 1 and 3 pm", MIDNIGHT + 13 * HOUR, MIDNIGHT + 15 * HOUR),
    ("en", "from 9 am to 11", MIDNIGHT + 9 * HOUR, MIDNIGHT + 11 * HOUR),
    ("en", "ever in the last 6 hours", NOW - 6 * HOUR, NOW),
    ("en", "at 10 this morning", MIDNIGHT + 10 * HOUR, MIDNIGHT + 10 * HOUR),
    ("en", "at 9 yesterday evening", MIDNIGHT - 3 * HOUR, MIDNIGHT - 3 * HOUR),
    ("en", "since the shift began", NOW - 8 * HOUR, NOW),
    ("de", "von 13 bis 14 Uhr", MIDNIGHT + 13 * HOUR, MIDNIGHT + 14 * HOUR),
    ("es", "entre las 2 y las 3 de la tarde", MIDNIGHT + 14 * HOUR, MIDNIGHT + 15 * HOUR),
    ("de", "in der letzten halben Stunde", NOW - 30 * MINUTE, NOW),
    ("de", "gestern", MIDNIGHT - DAY, MIDNIGHT),
    ("de", "seit 13:00 Uhr", MIDNIGHT + 13 * HOUR, NOW),
    ("de", "zwischen 13 Uhr und 14 Uhr", MIDNIGHT + 13 * HOUR, MIDNIGHT + 14 * HOUR),
    ("es", "en las últimas dos horas", NOW - 2 * HOUR, NOW),
    ("es", "ayer", MIDNIGHT - DAY, MIDNIGHT),
    ("es", "anoche", MIDNIGHT + 20 * HOUR, NOW),
]


@pytest.mark.parametrize(("code", "text", "start", "end"), TIMES, ids=[text for _, text, _, _ in TIMES])
def test_time_in_words_is_range(code: str, text: str, start: int, end: int) -> None:
    found = _time(text, code)
    assert ((found.start - NOW) / HOUR, (found.end - NOW) / HOUR) == ((start - NOW) / HOUR, (end - NOW) / HOUR)


MOMENTS = [
    ("en", "an hour ago", NOW - HOUR),
    ("en", "half an hour ago", NOW - 30 * MINUTE),
    ("en", "twenty minutes ago", NOW - 20 * MINUTE),
    ("en", "at 3 am", MIDNIGHT + 3 * HOUR),
    ("en", "at 11:30 pm", MIDNIGHT - 30 * MINUTE),
    ("en", "at noon yesterday", MIDNIGHT - DAY + 12 * HOUR),
    ("de", "vor einer Stunde", NOW - HOUR),
    ("de", "um 3 Uhr", MIDNIGHT + 3 * HOUR),
    ("es", "hace media hora", NOW - 30 * MINUTE),
    ("es", "a las 3:00", MIDNIGHT + 3 * HOUR),
]


@pytest.mark.parametrize(("code", "text", "at"), MOMENTS, ids=[text for _, text, _ in MOMENTS])
def test_time_in_words_is_moment(code: str, text: str, at: int) -> None:
    found = _time(text, code)
    assert (found.kind, (found.start - NOW) / HOUR) == ("point", (at - NOW) / HOUR)


def test_device_number_is_not_read_as_a_time() -> None:
    assert parse_time_ranges(QuestionWords("vibration of pump 3 and sensor_14"), languages()["en"], NOW) == []


@pytest.mark.parametrize(
    ("code", "text"),
    [("en", "until Monday morning"), ("en", "by Friday"), ("de", "morgen früh"), ("es", "hasta mañana")],
)
def test_day_ahead_is_the_future(code: str, text: str) -> None:
    assert _time(text, code).kind == "ahead"
