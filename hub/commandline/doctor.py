"""``hub doctor``: is everything in place to serve? Each check says what it found and, where it is wrong, what to do."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from hub import __version__
from hub.ai.model_settings import open_model_settings
from hub.assembly.from_settings import (
    ai_settings,
    bind,
    client_settings,
    dialects_of,
    needs_token,
    read_if_there,
    rules_of,
)
from hub.assembly.load_settings import dialect_config
from hub.assembly.memory_limit import memory_limit
from hub.commandline.running_hub import status_of
from hub.commandline.settings import settings_from
from hub.dialects import make_dialects
from hub.errors import BrokerError, HubError, InUse
from hub.insight import parse_signatures
from hub.model import RawMessage
from hub.mqtt.client import MqttClientSettings, Sink
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.runtime.clock import confirm, read_clock_state
from hub.runtime.installation import open_installation
from hub.runtime.package_data import web_dir
from hub.runtime.settings import Settings
from hub.store.connection import translated
from hub.store.lock import DirectoryLock
from hub.store.migrations import check_format
from hub.store.sqlite import FILE

CONNECT_S = 5.0
WINDOW_PROBE = 200
SMALL_WINDOW = 100
"""Mosquitto's default of 20 unacknowledged messages held the hub to 375 a second."""
FREE_BYTES = 1_000_000_000


State = Literal["ok", "note", "wrong"]


class Finding(NamedTuple):
    """One line of the report. ``advice`` is what to do, empty where nothing is."""

    state: State
    what: str
    found: str
    advice: str = ""


async def run(arguments: argparse.Namespace) -> int:
    """Print the report; 0 if nothing is wrong, else 1. Raises HubError for settings that cannot be read."""
    settings = settings_from(arguments)
    if arguments.trust_clock:
        confirm(settings.store.data)
        print("The clock is confirmed; a hub that runs takes note within ten minutes.")
        return 0
    print(f"Watchkeeper {__version__}")
    failed = False
    async for finding in _checks(settings):
        failed = failed or finding.state == "wrong"
        mark = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}[finding.state]
        print(f"  {mark}  {finding.what}: {finding.found}", flush=True)
        if finding.advice:
            print(f"         {finding.advice}", flush=True)
    return int(failed)


async def _checks(settings: Settings) -> AsyncIterator[Finding]:
    with contextlib.ExitStack() as stack:
        data = settings.store.data
        findings, holder = _data(data, settings)
        for finding in findings:
            yield finding
        yield _port(settings) if holder is None else _running(settings, holder)
        if not _has_install(data):  # the other checks do without the folder
            settings = _with_data(settings, stack.enter_context(tempfile.TemporaryDirectory()))
        yield _dashboard()
        async for finding in _broker(settings):
            yield finding
        async for finding in _ai(settings):
            yield finding
        yield _memory(settings)
        yield _clock(settings.store.data)


def _with_data(settings: Settings, folder: str) -> Settings:
    return settings.model_copy(update={"store": settings.store.model_copy(update={"data": Path(folder)})})


def _has_install(data: Path) -> bool:
    try:
        open_installation(data)
    except HubError:
        return False
    return True


def _data(data: Path, settings: Settings) -> tuple[list[Finding], str | None]:
    """Check the data folder; return also the number of the process that uses it, None where none does."""
    try:
        with DirectoryLock.acquire(data):
            return _content(data, settings, "can be written"), None
    except InUse:
        holder = DirectoryLock.holder(data)
        return _content(data, settings, f"is in use by process {holder}"), holder
    except HubError as error:
        return [Finding("wrong", "data", error.message, error.hint)], None


def _content(data: Path, settings: Settings, state: str) -> list[Finding]:
    try:
        open_installation(data)
        rules = rules_of(data)
        dialects_of(settings)
        parse_signatures(read_if_there(data / "signatures.toml") or "")
        with translated():
            check_format(data / FILE)
        with tempfile.NamedTemporaryFile(dir=data):
            pass
    except HubError as error:
        return [Finding("wrong", "data", error.message, error.hint)]
    except OSError as error:
        hint = "Give this user the right to write there, or name another folder with --data."
        return [Finding("wrong", "data", f"{data} cannot be written ({error.strerror})", hint)]
    free = shutil.disk_usage(data).free
    room = Finding("ok", "disk", f"{free / 1e9:.1f} GB free")
    if free < FREE_BYTES:
        room = Finding("wrong", "disk", f"only {free / 1e6:.0f} MB free", "Make room, or lower store.retention_days.")
    return [Finding("ok", "data", f"{data} {state}; {len(rules)} rules"), room]


def _running(settings: Settings, holder: str) -> Finding:
    """Describe the hub that runs on the data folder as process ``holder``."""
    listen, status = settings.http.listen, status_of(settings)
    if status is None:
        advice = "If it is a hub, name the address that it was started with: --http, or http.listen."
        state: State = "note" if _port(settings).state == "ok" else "wrong"
        return Finding(state, "hub", f"process {holder} uses the data folder but does not answer at {listen}", advice)
    faults = [] if status["broker"]["subscribed"] else ["has no subscription at the broker"]
    faults += ["cannot write the history"] if status["flow"]["store_stalled"] else []
    if faults:
        return Finding("wrong", "hub", f"runs at {listen} but {' and '.join(faults)}", "Its log says why.")
    if status["degraded"]:
        advice = "Put it right, then have the hub reload (systemctl reload, or SIGHUP)."
        return Finding("note", "hub", f"runs at {listen}, but {'; '.join(status['degraded'])}", advice)
    return Finding("ok", "hub", f"is running at {listen}, and ready")


def _port(settings: Settings) -> Finding:
    listen = settings.http.listen
    try:
        with bind(listen) as listener:
            guarded = "; everybody needs the token there" if needs_token(settings, listener.getsockname()[0]) else ""
    except HubError as error:
        return Finding("wrong", "http", error.message, error.hint)
    return Finding("ok", "http", f"{listen} is free{guarded}")


def _dashboard() -> Finding:
    if (web_dir() / "index.html").exists():
        return Finding("ok", "dashboard", "built")
    return Finding("wrong", "dashboard", "not built", "Run make setup, or pip install . without HUB_SKIP_WEB.")


async def _broker(settings: Settings) -> AsyncIterator[Finding]:
    """Connect under a name of our own, ask for the hub's subscriptions, and try the in-flight window."""
    where = settings.mqtt.broker
    # A client id of its own: the hub's would take the session away from a hub that runs.
    install = open_installation(settings.store.data)
    wanted = msgspec.structs.replace(client_settings(settings, install), client_id=f"doctor-{install.id}")
    # A session that ends with its connection: a lasting one would have the broker queue everything for the doctor.
    looking = msgspec.structs.replace(wanted, lasting=False)
    async with _connected(looking, _filters(settings), lambda messages: len(messages)) as link:
        state = link.state
    if not state.connected:
        advice = "Start the broker (see mosquitto.conf), or name it with --mqtt or mqtt.broker."
        yield Finding("wrong", "broker", f"{where}: {state.error or 'no answer'}", advice)
        return
    yield Finding("ok", "broker", f"{where} speaks {state.protocol}")
    for topic, reason in state.refused:
        user = f"the user {wanted.username}" if wanted.username else "clients without a user name"
        advice = f"Let {user} read {topic} in the broker's access list: what is published there does not arrive."
        yield Finding("note" if state.subscribed else "wrong", "subscription", f"{topic} is refused ({reason})", advice)
    yield await _window(wanted)


def _filters(settings: Settings) -> list[str]:
    """Return the topic filters that the hub subscribes to at its start."""
    try:
        config = dialects_of(settings)
    except HubError:  # reported with the data folder
        return [f"{dialect_config(settings).root}/#"]
    return [each for dialect in make_dialects(config) for each in dialect.filters]


async def _window(wanted: MqttClientSettings) -> Finding:
    """Publish to a topic of our own and count what comes before anything is acknowledged."""
    waiting: list[RawMessage] = []
    probe = f"watchkeeper-doctor/{os.getpid()}"

    def take(messages: Sequence[RawMessage]) -> int:
        waiting.extend(messages)
        return len(messages)

    what = "in-flight window"
    async with _connected(wanted, [probe], take) as link:
        try:
            for number in range(WINDOW_PROBE if link.state.subscribed else 0):
                await link.publish(probe, str(number).encode(), qos=1)
            await asyncio.sleep(1)
        except BrokerError as error:
            return Finding("note", what, f"not measured: {error.message}")
        window = len(waiting)
        link.ack(waiting)
    if window >= WINDOW_PROBE:
        return Finding("ok", what, f"at least {WINDOW_PROBE}")
    if window == 0:
        return Finding("note", what, f"not measured: the broker does not let the hub read and write {probe}")
    if window < SMALL_WINDOW:
        advice = "Set max_inflight_messages to 10000 in mosquitto.conf: a small window holds the hub back."
        return Finding("note", what, f"{window} unacknowledged messages", advice)
    return Finding("ok", what, f"{window}")


@contextlib.asynccontextmanager
async def _connected(wanted: MqttClientSettings, topics: Sequence[str], take: Sink) -> AsyncIterator[NegotiatingClient]:
    link = NegotiatingClient(wanted, take, lambda since, at: None)
    link.subscribe(topics)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(link.run(), name="doctor's link")
        deadline = time.monotonic() + CONNECT_S
        while not (link.state.subscribed or link.state.refused) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        try:
            yield link
        finally:
            task.cancel()


async def _ai(settings: Settings) -> AsyncIterator[Finding]:
    try:
        models = await open_model_settings(ai_settings(settings.ai), settings.store.data)
    except HubError as error:
        yield Finding("wrong", "ai", error.message, error.hint)
        return
    providers = models.providers
    for name, reason in models.faults.items():
        yield Finding("wrong", "ai", f"{name} is left out: {reason}", "Change it on the Settings page.")
    try:
        for writer, fault in await providers.check():
            name = f"{writer.provider} ({writer.model})"
            if fault is None:
                yield Finding("ok", "ai", f"{name} answers")
            else:
                yield Finding("note", "ai", f"{name} does not answer; the built-in analyst will", fault)
    finally:
        await providers.close()


def _clock(data: Path) -> Finding:
    now, kept = datetime.now(UTC), read_clock_state(data)
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now.year < 2026:
        return Finding("wrong", "clock", shown, "Set the clock: readings would be misdated.")
    if kept is not None and kept.doubted_at is not None:
        believed = datetime.fromtimestamp(kept.believed / 1000, UTC)
        advice = "Set the clock. If it is right: hub doctor --trust-clock."
        return Finding(
            "wrong", "clock", f"{shown}, but the hub last believed {believed:%Y-%m-%d}; it deletes nothing", advice
        )
    return Finding("ok", "clock", shown)


def _memory(settings: Settings) -> Finding:
    limit, wanted = memory_limit(), settings.limits.total_metrics
    found = f"{limit.bytes / 1e9:.1f} GB ({limit.source}) hold {limit.metrics:,} metrics"
    if wanted is None:
        return Finding("ok", "memory", found)
    advice = "Lower limits.total_metrics, or give the hub more memory." if wanted > limit.metrics else ""
    return Finding("note" if advice else "ok", "memory", f"{found}; limits.total_metrics is {wanted:,}", advice)
