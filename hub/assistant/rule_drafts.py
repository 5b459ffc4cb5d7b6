"""Draft a rule from a sentence with the hub's grammar and, if it does not understand all words, with a language model.

A draft is not saved here. The rule form shows it to a person, together with the alerts that it would have raised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from hub.ai.base import ChatMessage, CompletionRequest
from hub.ai.prompt_isolation import RULES, clean, fence
from hub.ai.providers import ProviderChain
from hub.assistant.rule_words import RuleFromWords, rule_from_words
from hub.bounds import decode_json
from hub.errors import AiError, Rejected
from hub.model import Device
from hub.registry.reader import DeviceReader

MAX_DEVICES = 60
"""Maximum number of devices that a model receives. The devices that the grammar found come first."""
SYSTEM = (
    "You write one alert rule for a monitoring system. " + RULES + " Reply with one JSON object and nothing else, with "
    "keys of this table: id, name, severity (info, warning, critical), metric, for and clear_for (durations such as "
    '"10m"), devices, models, labels, areas (lists), schedule (list such as ["daily 22:00-06:00"]) with time_zone. '
    'kind "threshold" (default) has above or below, and clear; "range" outside or inside [low, high]; "equals" value; '
    '"rate" by and within, and falling; "stuck" for; "no_data" silence; "count" times and within, with above, below or '
    'value; "anomaly" (unusual values without a limit) sensitivity "low", "medium" or "high", where low needs very '
    'unusual values; "compare" (the metric minus another value) above or below the difference, and with (another '
    'metric of the same device), with_device (the id of another device) or with_area "median" (the devices in its '
    'area); "all", "any" and "not" have conditions: a list of objects with kind, metric, the keys of the kind, and '
    "device (the id of another device to read). Use only metrics and ids of the given devices. Leave out what the "
    "sentence does not say."
)


class DraftCandidate(msgspec.Struct, frozen=True):
    """A draft of a rule, and the name of the model that wrote it. ``model`` is None for the hub's grammar."""

    draft: RuleFromWords
    model: str | None


class RuleDrafts:
    """Drafts rules from sentences. ``registry`` contains only the devices that the person may see."""

    def __init__(self, registry: DeviceReader, providers: ProviderChain) -> None:
        self._registry = registry
        self._providers = providers

    async def candidates(self, text: str, language: str, zone: str, shown: str | None = None) -> list[DraftCandidate]:
        """Return the drafts of a rule for a sentence, best first.

        The draft of a language model, if there is one, comes before the draft of the hub's own grammar. ``zone`` is
        the time zone of times in the sentence. ``shown`` is the unit of temperatures on the person's dashboard.
        """
        devices = list(self._registry.with_latest_values())
        read = partial(rule_from_words, text, devices, language, zone, shown)
        plain = DraftCandidate(await _in_thread(read), None)
        if not self._providers.generative or not (plain.draft.missing or plain.draft.unknown or plain.draft.refused):
            return [plain]
        written = await self._from_model(text, plain.draft, devices, zone)
        return [plain] if written is None else [written, plain]

    async def _from_model(
        self, text: str, plain: RuleFromWords, devices: list[Device], zone: str
    ) -> DraftCandidate | None:
        """Return a draft that a language model writes; None if no model answers with a JSON object.

        ``plain`` is the draft that the hub's grammar made of the same sentence.
        """

        async def computed() -> str:
            return msgspec.json.encode(plain.keys).decode()

        named = set(plain.keys.get("devices", ()))
        known = sorted(devices, key=lambda device: device.id not in named)[:MAX_DEVICES]
        data = {"devices": [_described(each) for each in known], "time_zone": zone, "draft": plain.keys}
        asked = ChatMessage("user", fence("hub", data, 16_000) + f"\n\nSentence: {clean(text)}")
        request = CompletionRequest((ChatMessage("system", SYSTEM), asked), computed, schema={"type": "object"})
        try:
            answer = await self._providers.chat(request)
            first, end = answer.text.find("{"), answer.text.rfind("}") + 1
            keys = decode_json(answer.text[first:end].encode()) if first >= 0 else None
        except (AiError, Rejected):
            return None
        if not answer.writer.generative or not isinstance(keys, dict):
            return None
        return DraftCandidate(RuleFromWords({**_named(plain.keys), **keys}, (), ()), answer.writer.model)


async def _in_thread(read: Callable[[], RuleFromWords]) -> RuleFromWords:
    """Call ``read``, which may take a second, in a thread so that the event loop is not blocked.

    If a device gets a new metric in the meantime, ``read`` fails and is called again in the event loop.
    """
    try:
        return await asyncio.to_thread(read)
    except RuntimeError:
        return read()


def _named(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {key: keys[key] for key in ("id", "name")}


def _described(device: Device) -> dict[str, Any]:
    metrics = {name: device.unit(name) or type(latest.value).__name__ for name, latest in device.metrics.items()}
    return {
        "id": device.id,
        "name": device.display_name,
        "model": device.info.model,
        "area": device.area,
        "labels": device.display_labels,
        "metrics": metrics,
    }
