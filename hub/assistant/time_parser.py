"""Find the times that a question is about. All times are UTC, and the name of a day means the last such day.

The words and patterns for times are data (``languages/*.toml``).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hub import text_format as fmt
from hub.assistant.clock_words import time_of_day
from hub.assistant.language import Language, TimeWords
from hub.assistant.time_range import TimeRange, length_in_words
from hub.assistant.words import QuestionWords

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
_UNITS = {"second": 1000, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY}
_LONGEST = 366 * DAY
_PARTS = {"night": (20, 31), "morning": (6, 12), "noon": (12, 14), "afternoon": (12, 18), "evening": (18, 22)}
"""Start and end hour of each part of a day (UTC). The night ends at 7 o'clock of the next day, which is hour 31."""
SHIFT_MS = 8 * HOUR
_PAST_DAYS = ("today_part", "yesterday", "last_part", "weekday")
"""Names of the patterns for past days that may include a part of the day ("yesterday morning")."""
_DATE = re.compile(r"(?<= )(?:on |am )?(?P<date>\d{4}-\d{2}-\d{2})(?= )")


def parse_time_ranges(words: QuestionWords, language: Language, now: int) -> list[TimeRange]:
    """Return the time ranges (at most two) that a question names, future ones last, and mark their words as used."""
    parser = _Parser(words, language, now)
    found: list[tuple[int, TimeRange]] = []
    for _ in range(2):
        free = [token for token in words.tokens if token.used_as is None]
        time = parser.next()
        taken = [token for token in free if token.used_as == "time"]
        if time is not None:
            found.append((words.tokens.index(taken[0]) if taken else 0, time))
            continue
        for token in taken:  # "at 25:00", "2026-02-30" are no times
            token.used_as = None
    if len(found) > 1:  # "ever in the last hour" is about the last hour
        found = [each for each in found if each[1].words != language.say("all_time")] or found
    times = [time for _, time in sorted(found, key=lambda each: (each[1].kind == "ahead", each[0]))]
    between = [n for n, each in enumerate(words.tokens) if "between" in language.concepts.get(each.word, ())]
    if len(times) == 2 and between and all(time.is_point for time in times):
        words.mark(between[0], between[0] + 1, "time")
        return [parser.range(min(time.start for time in times), max(time.start for time in times))]
    return times


class _Parser:
    def __init__(self, words: QuestionWords, language: Language, now: int) -> None:
        self._words, self._language, self._now = words, language, now
        self._time: TimeWords = language.time
        self._midnight = now - now % DAY
        self._cycle = 0  # after how long the day that was named comes again: 7 days for a weekday

    def _search(self, name: str) -> re.Match[str] | None:
        """Return the first match of the patterns with this name among the unused words, and mark its words as used."""
        for pattern in self._time.patterns[name]:
            if found := self._words.search(pattern):
                match, first, end = found
                self._words.mark(first, end, "time")
                return match
        return None

    def next(self) -> TimeRange | None:
        say, self._cycle = self._language.say, 0
        if self._search("since_alert"):
            return TimeRange(0, self._now, say("since_alert"), "alert")
        if self._search("before_alert"):
            return TimeRange(0, self._now, say("before_alert"), "before_alert")
        if match := self._search_tomorrow():
            return TimeRange(self._now, self._midnight + DAY, match[0].strip(), "ahead")
        if match := self._search("ahead"):
            length = self._length(match)
            return TimeRange(self._now, self._now + length, fmt.duration(length), "ahead")
        return self._since() or self._between() or self._back() or self._of_day()

    def _search_tomorrow(self) -> re.Match[str] | None:
        """Search for "tomorrow", but not where the word means the morning: "gestern Morgen", "por la mañana"."""
        patterns = [pattern for name in _PAST_DAYS for pattern in self._time.patterns[name]]
        past = [each for each in map(self._words.search, patterns) if each and each[0].groupdict().get("part")]
        for pattern in self._time.patterns["tomorrow"]:
            ahead = self._words.search(pattern)
            if ahead and any(
                each[1] <= ahead[1] and ahead[2] <= each[2] and each[0].groupdict().get("part") for each in past
            ):
                return None
        return self._search("tomorrow")

    def _since(self) -> TimeRange | None:
        match = self._search("since")
        if match is None:
            return None
        groups = match.groupdict()
        day = self._day_named(groups["day"], past=groups.get("past")) if groups.get("day") else None
        start = self._at(groups.get("clock"), day) if groups.get("clock") else day.start if day else None
        if start is None:
            return None
        start = self._past(start)
        return TimeRange(start, self._now, self._language.say("since", time=self._moment(start)))

    def _between(self) -> TimeRange | None:
        match = self._search("between")
        if match is None:
            return self._between_hours()
        day = self._day()
        start, end = self._at(match["clock"], day), self._at(match["clock2"], day)
        if start is None or end is None:
            return None
        return self.range(start, end if end > start else end + DAY)

    def _between_hours(self) -> TimeRange | None:
        """Parse "between 2 and 3 pm". An hour without "am" or "pm" is in the same half of the day, if possible."""
        match = self._search("between_hours")
        if match is None:
            return None
        groups, day = match.groupdict(), self._day()
        bare = int(groups.get("hour") or groups.get("hour2") or 0) * HOUR
        known = self._at(groups.get("clock") or groups.get("clock2"), day)
        if groups.get("hour2") and groups.get("hour"):
            is_late = self._time.parts.get(groups.get("part") or "") in ("afternoon", "evening")
            later = 12 if is_late and int(groups["hour2"]) < 12 else 0
            known, bare = self._at(f"{int(groups['hour2']) + later}:00", day), (int(groups["hour"]) + later) * HOUR
        if known is None or bare >= DAY:
            return None
        midnight = known - known % DAY
        if groups.get("hour"):
            later = midnight + bare + DAY // 2
            start = later if bare < DAY // 2 and later < known and groups.get("clock2") else midnight + bare
            return self.range(start if start < known else start - DAY, known)
        end = midnight + bare + (DAY // 2 if midnight + bare <= known else 0)
        return self.range(known, end)

    def _back(self) -> TimeRange | None:
        if match := self._search("last"):
            length = max(self._length(match), 1000)
            return TimeRange(self._now - length, self._now, self._language.say("last", time=length_in_words(length)))
        if match := self._search("ago"):
            at = self._now - self._length(match)
            return TimeRange(at, at, self._moment(at), "point")
        if self._search("shift"):
            last = self._language.say("last", time=fmt.duration(SHIFT_MS))
            return TimeRange(self._now - SHIFT_MS, self._now, last, note=self._language.say("shift_assumed"))
        if self._search("recently"):
            return TimeRange(self._now - HOUR, self._now, self._language.say("last", time=fmt.duration(HOUR)))
        if self._search("ever"):
            return TimeRange(max(self._now - _LONGEST, 0), self._now, self._language.say("all_time"))
        return None

    def _of_day(self) -> TimeRange | None:
        """Parse a day ("yesterday"), a part of a day ("this morning"), or a time of day ("at 14:00")."""
        if match := self._search("at_part"):
            return self._hour_of_part(match)
        day = self._day()
        if match := self._search("at"):
            at = self._at(match["clock"], day)
            if at is None:
                return None
            at = self._past(at)
            return TimeRange(at, at, self._moment(at), "point")
        return day

    def _hour_of_part(self, match: re.Match[str]) -> TimeRange | None:
        """Parse an hour with a part of the day: "at 10 this morning", "at 9 last night"."""
        hour, part = int(match["hour"]), self._time.parts[match["part"]]
        if hour > 23:
            return None
        if (part in ("afternoon", "evening", "noon") and hour < 12) or (part == "night" and 6 <= hour < 12):
            hour += 12
        at = self._midnight + hour * HOUR
        is_before = any(
            pattern.search(f" {match[0].rsplit(' ', 1)[0]} ") for pattern in self._time.patterns["yesterday"]
        )
        at -= DAY if at > self._now or is_before else 0
        return TimeRange(at, at, self._moment(at), "point")

    def _day(self) -> TimeRange | None:
        midnight, weekday = self._midnight, datetime.fromtimestamp(self._now / 1000, UTC).weekday()
        if found := self._words.search(_DATE):
            match, first, end = found
            self._words.mark(first, end, "time")
            return self._date(*map(int, match["date"].split("-")))
        if self._search("last_night"):
            # The present night or, by day, the last one.
            start = midnight - 4 * HOUR if self._now % DAY < 20 * HOUR else midnight + 20 * HOUR
            return self.range(start, start + 11 * HOUR)
        if self._search("before_yesterday"):
            return self._whole(midnight - 2 * DAY)
        if part := self._search("yesterday"):
            return self._part(midnight - DAY, part)
        if part := self._search("today_part") or self._search("today"):
            return self._part(midnight, part)
        if part := self._search("last_part"):
            today = self._part(midnight, part)
            return today if today.start < self._now else self._part(midnight - DAY, part)
        if self._search("this_week"):
            return self.range(midnight - weekday * DAY, self._now)
        if self._search("last_week"):
            return self.range(midnight - (weekday + 7) * DAY, midnight - weekday * DAY)
        return self._date_named() or self._month()

    def _date_named(self) -> TimeRange | None:
        if match := self._search("date"):
            month, number = self._time.months[match["month"]], int(match["daynum"])
            year = datetime.fromtimestamp(self._now / 1000, UTC).year
            found = self._date(year, month, number)
            return found if found and found.start <= self._now else self._date(year - 1, month, number)
        if match := self._search("weekday"):
            return self._part(self._day_named(match["weekday"], past=match["past"]).start, match)
        return None

    def _month(self) -> TimeRange | None:
        today = datetime.fromtimestamp(self._now / 1000, UTC)
        if match := self._search("month"):
            month = self._time.months[match["month"]]
            return self._whole_month(today.year if month <= today.month else today.year - 1, month)
        if self._search("this_month"):
            return self._whole_month(today.year, today.month)
        if self._search("last_month"):
            return self._whole_month(today.year - (today.month == 1), (today.month - 2) % 12 + 1)
        if self._search("this_year"):
            return self.range(max(_epoch(today.year, 1, 1), 0), self._now)
        return None

    def _whole_month(self, year: int, month: int) -> TimeRange:
        return self.range(_epoch(year, month, 1), _epoch(year + month // 12, month % 12 + 1, 1))

    def _day_named(self, word: str, past: str | None = None) -> TimeRange:
        """Return the day that ``word`` names. With ``past``, today's weekday means the day a week ago."""
        if word in self._time.weekdays:
            self._cycle = 7 * DAY
            today = datetime.fromtimestamp(self._now / 1000, UTC).weekday()
            ago = (today - self._time.weekdays[word]) % 7 or 7 * bool(past)
            return self._whole(self._midnight - ago * DAY)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", word):
            return self._date(*map(int, word.split("-"))) or self._whole(self._midnight)
        is_today = any(pattern.search(f" {word} ") for pattern in self._time.patterns["today"])
        return self._whole(self._midnight if is_today else self._midnight - DAY)

    def _date(self, year: int, month: int, day: int) -> TimeRange | None:
        try:
            start = _epoch(year, month, day)
        except ValueError:
            return None
        return self._whole(start)

    def _whole(self, start: int) -> TimeRange:
        return TimeRange(start, max(min(start + DAY, self._now), start), f"{fmt.date(start)} (UTC)")

    def _part(self, midnight: int, match: re.Match[str]) -> TimeRange:
        part = match.groupdict().get("part")
        if not part:
            return self._whole(midnight)
        first, last = _PARTS[self._time.parts[part]]
        return self.range(midnight + first * HOUR, midnight + last * HOUR)

    def range(self, start: int, end: int) -> TimeRange:
        """Return the time range from ``start`` to ``end`` (epoch ms), cut off at the present.

        A future range on a weekday ("Friday from 8 to 10") is moved to the week before. Others become empty.
        """
        back = start - self._past(start)
        start, end = start - back, max(min(end - back, self._now), start - back)
        same = fmt.date(start) == fmt.date(end)
        if start % DAY == 0 and end % DAY == 0 and not same:
            text = f"{fmt.date(start)} … {fmt.date(end - 1)} (UTC)"
        else:
            until = fmt.clock_minute(end) if same else fmt.date_time(end)
            text = f"{fmt.date_time(start).removesuffix(' UTC')} – {until}"
        return TimeRange(start, end, text)

    def _past(self, at: int) -> int:
        """Return ``at`` (epoch ms), moved one week back if it is in the future and the question names a weekday."""
        return at - self._cycle if at >= self._now else at

    def _moment(self, at: int) -> str:
        return fmt.clock_minute(at) if self._midnight <= at else fmt.date_time(at)

    def _length(self, match: re.Match[str]) -> int:
        """Return the duration in the matched text, in ms; at most 366 days."""
        given, unit = match.groupdict().get("n") or "", _UNITS[self._time.units[match["unit"]]]
        known = self._time.numbers.get(given)
        number = 1.0 if not given else float(given.replace(",", ".")) if known is None else known
        return round(min(number * unit, _LONGEST))

    def _at(self, clock: str | None, day: TimeRange | None) -> int | None:
        """Return the time (epoch ms) of ``clock`` on ``day`` (None: most recently); None if ``clock`` is invalid."""
        of_day = time_of_day(clock or "", self._time)
        if of_day is None:
            return None
        if day is not None:
            at = day.start - day.start % DAY + of_day
            return at + DAY if at < day.start else at
        return self._midnight + of_day if self._midnight + of_day <= self._now else self._midnight + of_day - DAY


def _epoch(year: int, month: int, day: int) -> int:
    return round(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)
