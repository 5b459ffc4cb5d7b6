"""Find the sources of an answer: its devices and metrics, so that the dashboard can link to their data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hub import text_format as fmt
from hub.assistant.time_range import TimeRange
from hub.insight.claims import sentences
from hub.model import Device, Source
from hub.registry.reader import DeviceReader
from hub.tools.lookup import Lookup, folded

MOST = 12
_LOOK_BACK_MS = 2 * 3_600_000


def sources_of(
    about: Sequence[tuple[str, str | None]], span: tuple[int, int] | None, registry: DeviceReader, now: int
) -> list[Source]:
    """Return the sources of an answer that the hub itself computed, without duplicates, at most :data:`MOST`.

    Args:
        about: The (device, metric) pairs of the answer, in order. Devices that no longer exist are left out.
        span: The time range of the answer in epoch ms. None if the answer is about the present: each source then shows
            the two hours before ``now``.
        registry: The devices.
        now: The time in epoch ms.
    """
    start, end = span or (now - _LOOK_BACK_MS, now)
    found: dict[tuple[str, str | None], Source] = {}
    for device_id, metric in about:
        device = registry.get(device_id)
        if device is not None:
            found.setdefault((device_id, metric), Source(device_id, device.display_name, metric, max(start, 0), end))
    return list(found.values())[:MOST]


def sources(text: str, lookup: Lookup, span: TimeRange | None, now: int) -> list[Source]:
    """Return the devices and metrics that a text is about, in its order, at most :data:`MOST`.

    A device and a metric form a source if the same clause of the text names both. A device whose metrics are not named
    is a source without a metric.
    """
    devices = lookup.named_in(text)
    start, end = (span.start, span.end) if span else (now - _LOOK_BACK_MS, now)
    found: dict[tuple[str, str | None], Source] = {}
    for clause, meant in clauses(text, devices):
        for device in meant:
            metrics: list[str | None] = [*_metrics(f" {folded(clause)} ", device)]
            for metric in metrics or [None]:
                found.setdefault((device.id, metric), Source(device.id, device.display_name, metric, start, end))
    # Another mention of a device without a metric is not a further source.
    with_metric = {device for device, metric in found if metric}
    kept = [source for (device, metric), source in found.items() if metric or device not in with_metric]
    return kept[:MOST]


def clauses(text: str, devices: Sequence[Device]) -> Iterator[tuple[str, Sequence[Device]]]:
    """Yield each clause of a text with the devices that it names or, if it names none, those of the clause before."""
    meant: Sequence[Device] = ()
    for clause in (clause for sentence in sentences(text) for clause in sentence.split(";")):
        meant = in_order(f" {folded(clause)} ", devices) or meant
        yield clause, meant


def in_order(said: str, devices: Sequence[Device]) -> list[Device]:
    """Return the devices whose id or name occurs in a folded text, in the order of the text.

    ``said`` has one space before the first and after the last word.
    """
    places = [(place, device) for device in devices if (place := _place(said, device)) >= 0]
    return [device for _, device in sorted(places, key=lambda entry: (entry[0], entry[1].id))]


def _place(said: str, device: Device) -> int:
    found = [said.find(f" {form} ") for form in {folded(device.id), folded(device.display_name)} if form]
    return min((place for place in found if place >= 0), default=-1)


def _metrics(said: str, device: Device) -> list[str]:
    named = [metric for metric in device.metrics if f" {folded(fmt.spoken(metric))} " in said]
    return sorted(named, key=len, reverse=True)[:2]
