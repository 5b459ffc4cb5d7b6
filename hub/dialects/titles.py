"""Titles and device classes of metrics, from what devices announce."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hub.model import Category
from hub.model.metric import MAX_CLASS, MAX_TITLE

CATEGORIES: dict[str, Category] = {"diagnostic": "diagnostic", "config": "config"}
"""The categories that Home Assistant and Zigbee2MQTT announce."""


def distinct(names: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return a title for each metric: its short name if that is unique, else its long one. ``names`` has both."""
    counts = Counter(short.casefold() for short, _ in names.values())
    return {
        metric: (short if counts[short.casefold()] == 1 else long)[:MAX_TITLE]
        for metric, (short, long) in names.items()
    }


def class_name(announced: object) -> str | None:
    """Return an announced device class in lower case, None if it is not a text or says ``none``."""
    if not isinstance(announced, str) or not announced.strip() or announced.strip().lower() == "none":
        return None
    return announced.strip().lower()[:MAX_CLASS]
