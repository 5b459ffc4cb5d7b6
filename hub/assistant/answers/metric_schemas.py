"""Match the words of a question to metrics, once for all devices whose metrics have the same names and descriptions.

A fleet of 100,000 devices has only a few dozen different sets of metrics. Which metrics "temperature" refers to, and
which metrics the dashboard shows, depends only on this set.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from hub.assistant.metric_words import MetricMention
from hub.model import Device, MetricDescription


class MetricSchema:
    """The metrics that a group of devices has in common, with the same names and descriptions.

    The words of a question are matched to these metrics once for all devices of the group. ``device`` is any of them.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self.described: dict[str, MetricDescription] = {name: device.describe(name) for name in device.metrics}
        self.shown = self._shown()
        self._meant: dict[MetricMention, list[str]] = {}

    def _shown(self) -> list[str]:
        """Return the names of the metrics that are neither hidden nor configuration, the most important first."""
        described = self.described
        kept = [name for name, each in described.items() if not each.hidden and each.category != "config"]
        return sorted(kept, key=lambda name: (described[name].category == "diagnostic", described[name].rank, name))

    def meant_by(self, mention: MetricMention) -> list[str]:
        """Return the metrics of the schema to which ``mention`` refers, best match first."""
        if mention not in self._meant:
            # The device may have got another metric since the schema was made.
            self._meant[mention] = [name for name in mention.on(self._device) if name in self.described]
        return self._meant[mention]


class MetricSchemas:
    """Finds the schema of a device. Devices whose metrics have the same names and descriptions share one schema."""

    def __init__(self) -> None:
        self._known: dict[Hashable, MetricSchema] = {}

    def of(self, device: Device) -> MetricSchema:
        """Return the schema of a device. Devices with the same metrics, units, titles and edits share one schema."""
        info, edits = device.info, device.metric_edits
        described = (info.units, info.titles, info.classes, info.categories, edits)
        key = (tuple(device.metrics), *(tuple(each.items()) for each in described))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = MetricSchema(device)
        return found

    def any_has(self, mentions: Sequence[MetricMention]) -> list[MetricMention]:
        """Return those of ``mentions`` that refer to a metric in one of the schemas requested so far."""
        return [each for each in mentions if any(schema.meant_by(each) for schema in self._known.values())]
