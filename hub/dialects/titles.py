"""Choose titles and device classes of metrics from what the devices announce."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from hub.model import Category
from hub.model.metric import MAX_CLASS, MAX_TITLE

CATEGORIES: dict[str, Category] = {"diagnostic": "diagnostic", "config": "config"}
"""The categories that Home Assistant and Zigbee2MQTT announce."""


def distinct(names: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return a title for each metric: its short name if no other metric has the same one, else its long name.

    ``names`` has the short and the long name of each metric.
    """
    counts = Counter(short.casefold() for short, _ in names.values())
    return {
        metric: (short if counts[short.casefold()] == 1 else long)[:MAX_TITLE]
        for metric, (short, long) in names.items()
    }


def class_name(announced: object) -> str | None:
    """Return an announced device class in lower case; None if it is not a text, or is the text ``none``."""
    if not isinstance(announced, str) or not announced.strip() or announced.strip().lower() == "none":
        return None
    return announced.strip().lower()[:MAX_CLASS]
