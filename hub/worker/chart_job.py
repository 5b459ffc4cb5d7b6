"""The job ``chart``: draw the readings around an alert as a PNG that is legible on a phone.

The chart is drawn at twice its size and reduced, because Pillow does not smooth lines. The job uses the dashboard's
font, because Pillow's own font lacks the characters of most units.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil, floor, isfinite, log10
from typing import Any
from unicodedata import normalize
from zoneinfo import ZoneInfo

import msgspec
from PIL import Image, ImageDraw, ImageFont

from hub import text_format as fmt
from hub.runtime.package_data import web_dir
from hub.worker.chart_data import ChartData

WIDTH, HEIGHT, SCALE = 960, 500, 2
RIGHT, TOP, BOTTOM = 24, 108, 84
"""Margins around the plot in pixels. The left margin depends on the width of the numbers."""
TEXT, TITLE = 26, 30
"""Heights of the fonts in pixels. On a phone the picture is about 360 pixels wide, and the text 10 pixels high."""
MAX_TITLE = 44
BACKGROUND, GRID, INK, FAINT = "#ffffff", "#e3e6ea", "#1c2126", "#5b6570"
LINE, LIMIT, MOMENT, SPAN = "#1565c0", "#c62828", "#1c2126", "#fdecea"
SUBSETS = ("latin", "latin-ext", "greek", "cyrillic", "vietnamese")
TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800)
MAX_TICKS = 6
MAX_DECIMALS, PLAIN = 6, 1e9
"""Numbers of the vertical axis that need more decimals, or are not below ``PLAIN``, are written with a power of ten."""
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_chart(data: bytes, *, progress: Any) -> dict[str, Any]:
    """Draw a chart from ``data`` (a :class:`ChartData` in msgpack), and return a PNG under the key ``png``."""
    chart = msgspec.msgpack.decode(data, type=ChartData)
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), BACKGROUND)
    _Drawing(chart, image).draw()
    out = io.BytesIO()
    image.reduce(SCALE).quantize(64).save(out, "PNG", optimize=True)
    return {"png": out.getvalue()}


class _Drawing:
    """Draws one chart. Coordinates are pixels of the finished picture."""

    def __init__(self, chart: ChartData, image: Image.Image) -> None:
        self._chart = chart
        self._draw = ImageDraw.Draw(image)
        self._zone = ZoneInfo(chart.zone) if chart.zone else None
        levels = [value for _, value in chart.points if isfinite(value)]
        levels += [chart.limit] if chart.limit is not None else []
        low, high = min(levels, default=0.0), max(levels, default=1.0)
        margin = max((high - low) * 0.1, abs(high) * 1e-3) or 1.0
        self._low, self._high = low - margin, high + margin
        self._levels = list(_levels(self._low, self._high))
        self._left = max(64, *(_width(text, TEXT) // SCALE + 24 for _, text in self._levels))

    def draw(self) -> None:
        """Draw all parts of the chart, from the background to the marks in front."""
        chart = self._chart
        ended_at = chart.ended_at if chart.ended_at is not None else chart.end
        self._draw.rectangle(self._box(self._x(chart.since), TOP, self._x(ended_at), HEIGHT - BOTTOM), fill=SPAN)
        self._axes()
        for segment in self._segments():
            self._curve(segment)
        if chart.limit is not None:
            self._limit(chart.limit)
        self._moment()

    def _axes(self) -> None:
        chart = self._chart
        unit = f" ({chart.unit})" if chart.unit else ""
        self._text(self._left, 14, f"{chart.title[:MAX_TITLE]}{unit}", TITLE, INK)
        for level, text in self._levels:
            y = self._y(level)
            self._line([(self._left, y), (WIDTH - RIGHT, y)], GRID, 2)
            self._text(self._left - 12, y - 17, text, TEXT, FAINT, "right")
        times = list(self._times())
        for at in times:
            x = self._x(at)
            self._line([(x, HEIGHT - BOTTOM), (x, HEIGHT - BOTTOM + 8)], FAINT, 2)
            self._text(x, HEIGHT - BOTTOM + 10, self._clock(at, times), TEXT, FAINT, "middle")
        moment = self._local(chart.since)
        self._text(WIDTH - RIGHT, HEIGHT - 36, f"{moment:%Y-%m-%d}, {fmt.zone_name(moment)}", TEXT, FAINT, "right")

    def _curve(self, points: list[tuple[int, float]]) -> None:
        places = [(self._x(at), self._y(value)) for at, value in points]
        if len(places) > 1:
            self._line(places, LINE, 4)
        if len(self._chart.points) <= 40:
            for x, y in places:
                self._draw.ellipse(self._box(x - 5, y - 5, x + 5, y + 5), fill=LINE)

    def _limit(self, limit: float) -> None:
        y = self._y(limit)
        for x in range(self._left, WIDTH - RIGHT, 18):
            self._line([(x, y), (min(x + 11, WIDTH - RIGHT), y)], LIMIT, 3)
        above = y - 38 if y > TOP + 40 else y + 4
        self._text(self._left + 8, above, f"limit {fmt.limit_quantity(limit, self._chart.unit)}", TEXT, LIMIT)

    def _moment(self) -> None:
        """Draw a line where the alert's condition began, and one where it ended, with the times as text."""
        since, ended_at = self._chart.since, self._chart.ended_at
        text = f"{self._local(since):%H:%M:%S}"
        text = f"since {text}" if ended_at is None else f"{text} – {self._local(ended_at):%H:%M:%S}"
        for at in (since, ended_at):
            if at is not None:
                self._line([(self._x(at), TOP - 8), (self._x(at), HEIGHT - BOTTOM)], MOMENT, 3)
        half = _width(text, TEXT) / SCALE / 2
        middle = (self._x(since) + self._x(ended_at or since)) / 2
        self._text(min(max(middle, self._left + half), WIDTH - RIGHT - half), TOP - 46, text, TEXT, MOMENT, "middle")

    # -- coordinates -------------------------------------------------------------------------------------------

    def _x(self, at: int) -> float:
        fraction = (at - self._chart.start) / max(self._chart.end - self._chart.start, 1)
        return self._left + min(max(fraction, 0.0), 1.0) * (WIDTH - self._left - RIGHT)

    def _y(self, value: float) -> float:
        fraction = (value - self._low) / (self._high - self._low)
        return HEIGHT - BOTTOM - fraction * (HEIGHT - TOP - BOTTOM)

    def _segments(self) -> Iterator[list[tuple[int, float]]]:
        """Yield the parts of the curve between gaps."""
        segment: list[tuple[int, float]] = []
        for at, value in self._chart.points:
            gap = bool(segment) and any(segment[-1][0] <= start < end <= at for start, end in self._chart.gaps)
            if gap or not isfinite(value):
                yield segment
                segment = []
            if isfinite(value):
                segment.append((at, value))
        yield segment

    def _times(self) -> Iterator[int]:
        """Yield the times (epoch ms) of the ticks on the time axis. They are round times in the chart's time zone."""
        chart = self._chart
        span_s = (chart.end - chart.start) / 1_000
        step = next((each for each in TICKS_S if span_s / each <= MAX_TICKS), TICKS_S[-1])
        midnight = self._local(chart.start).replace(hour=0, minute=0, second=0, microsecond=0)
        at = midnight
        while (stamp := round(at.timestamp() * 1_000)) <= chart.end:
            if chart.start <= stamp and self._left + 30 < self._x(stamp) < WIDTH - RIGHT - 30:
                yield stamp
            at += timedelta(seconds=step)

    def _clock(self, at: int, times: list[int]) -> str:
        step = times[1] - times[0] if len(times) > 1 else 60_000
        return f"{self._local(at):{'%d %b' if step >= 86_400_000 else '%H:%M' if step >= 60_000 else '%H:%M:%S'}}"

    def _local(self, at: int) -> datetime:
        return datetime.fromtimestamp(at / 1_000, self._zone).astimezone(self._zone)

    # -- primitives --------------------------------------------------------------------------------------------

    def _box(self, *places: float) -> list[float]:
        return [each * SCALE for each in places]

    def _line(self, places: list[tuple[float, float]], color: str, width: int) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in places]
        self._draw.line(scaled, color, width * SCALE, joint="curve")

    def _text(self, x: float, y: float, text: str, size: int, color: str, align: str = "left") -> None:
        """Write a text with a light outline, each character in the first font that has it."""
        width = _width(text, size)
        place = x * SCALE - (width if align == "right" else width / 2 if align == "middle" else 0)
        for font, part in _runs(text, size * SCALE):
            self._draw.text((place, y * SCALE), part, color, font, stroke_width=5, stroke_fill=BACKGROUND)
            place += font.getlength(part)


def _levels(low: float, high: float) -> Iterator[tuple[float, str]]:
    """Yield round numbers for the ticks of the vertical axis, with their labels."""
    step = _nice_step((high - low) / 4)
    decimals = max(0, -floor(log10(step)))
    for number in range(ceil(low / step), floor(high / step) + 1):
        plain = decimals <= MAX_DECIMALS and abs(number * step) < PLAIN
        yield number * step, f"{number * step:{f',.{decimals}f' if plain else '.3g'}}".replace("-", "−")


def _nice_step(size: float) -> float:
    """Return the smallest step of 1, 2 or 5 times a power of ten that is at least ``size``."""
    ten = 10.0 ** floor(log10(size))
    return next(ten * each for each in (1, 2, 5, 10) if ten * each >= size * 0.999)


def _width(text: str, size: int) -> int:
    """Return the width of a text in pixels of the drawing, which has :data:`SCALE` times the size of the chart."""
    return ceil(sum(font.getlength(part) for font, part in _runs(text, size * SCALE)))


def _runs(text: str, size: int) -> Iterator[tuple[_Font, str]]:
    """Split a text into parts of characters that the same font can draw. Yield each part with its font."""
    run, current = "", _fonts(size)[0]
    for each in normalize("NFC", text):
        font, char = _glyph(each, size)
        if font is not current and run:
            yield current, run
            run = ""
        run, current = run + char, font
    if run:
        yield current, run


@lru_cache(maxsize=512)
def _glyph(char: str, size: int) -> tuple[_Font, str]:
    """Return a font that has the character, and the character itself.

    If no font has it, return the character in a simpler form (``2`` for ``₂``) with a font that has this. Without one,
    the character is a question mark.
    """
    fonts = _fonts(size)
    for each in (char, normalize("NFKC", char)[:1]):
        for font in fonts:
            if bytes(font.getmask(each)) != bytes(font.getmask("\uffff")):
                return font, each
    return fonts[0], "?"


@lru_cache(maxsize=4)
def _fonts(size: int) -> list[_Font]:
    """Return the dashboard's fonts, or Pillow's own if the page was not built."""
    found: list[_Font] = []
    for subset in SUBSETS:
        for file in (web_dir() / "assets").glob(f"inter-{subset}-wght-normal-*.woff2"):
            font = ImageFont.truetype(file, size)
            font.set_variation_by_axes([500])
            found.append(font)
    return found or [ImageFont.load_default(size)]
