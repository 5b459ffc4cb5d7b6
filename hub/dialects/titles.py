"""Titles of metrics for dialects: the short one where it is the only one of its device, else the long one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hub.model import Category
from hub.model.metric import MAX_CLASS, MAX_TITLE

CATEGORIES: dict[str, Category] = {"diagnostic": "diagnostic", "config": "config"}
"""The categories that Home Assistant and Zigbee2MQTT announce."""


def distinct(names: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return a title for each metric from its short and its long name."""
    times = Counter(short.casefold() for short, _ in names.values())
    return {
        metric: (short if times[short.casefold()] == 1 else long)[:MAX_TITLE] for metric, (short, long) in names.items()
    }


def class_name(announced: object) -> str | None:
    """Return a device class as announced, bounded; None for what is none."""
    if not isinstance(announced, str) or not announced.strip() or announced.strip().lower() == "none":
        return None
    return announced.strip().lower()[:MAX_CLASS]
