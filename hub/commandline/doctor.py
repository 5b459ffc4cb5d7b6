"""``hub doctor``: check that everything a hub needs is in place, and say what to do if it is not."""

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
from hub.commandline.certificate_checks import check_broker_certificate, check_server_certificate
from hub.commandline.finding import Finding, State
from hub.commandline.running_hub import status_of
from hub.commandline.settings import running_settings_from
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
WINDOW_S = 1.0
"""How long the broker may take to send the messages that fit into its window."""
SMALL_WINDOW = 100
"""With Mosquitto's default of 20 unacknowledged messages, the hub receives at most 375 messages a second."""
FREE_BYTES = 1_000_000_000


async def run(arguments: argparse.Namespace) -> int:
    """Print the report. Return 0 if nothing is wrong, else 1. Raises HubError if the settings cannot be read."""
    settings = running_settings_from(arguments)
    if arguments.trust_clock:
        confirm(settings.store.data)
        print("The clock is confirmed. A running hub applies this within ten minutes.")
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
        for finding in check_server_certificate(settings):
            yield finding
        if not _has_install(data):  # the other checks work without the folder
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
    """Check the data folder. Return the finding, and the id of the process that uses the folder, or None."""
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
        hint = "Give this user write permission there, or pass another folder with --data."
        return [Finding("wrong", "data", f"{data} cannot be written ({error.strerror})", hint)]
    free = shutil.disk_usage(data).free
    disk = Finding("ok", "disk", f"{free / 1e9:.1f} GB free")
    if free < FREE_BYTES:
        advice = "Free some space, or lower store.retention_days."
        disk = Finding("wrong", "disk", f"only {free / 1e6:.0f} MB free", advice)
    return [Finding("ok", "data", f"{data} {state}; {len(rules)} rules"), disk]


def _running(settings: Settings, holder: str) -> Finding:
    """Check the hub that is running on the data folder as process ``holder``."""
    listen, status = settings.http.listen, status_of(settings)
    if status is None:
        advice = "If it is a hub, name the address that it listens on with --http or http.listen."
        state: State = "note" if _port(settings).state == "ok" else "wrong"
        return Finding(state, "hub", f"process {holder} uses the data folder but does not answer at {listen}", advice)
    faults = [] if status["broker"]["subscribed"] else ["has no subscription at the broker"]
    faults += ["cannot write the history"] if status["flow"]["store_stalled"] else []
    if faults:
        return Finding("wrong", "hub", f"runs at {listen} but {' and '.join(faults)}", "See its log for the reason.")
    if status["degraded"]:
        advice = "Fix this, then reload the hub (systemctl reload, or SIGHUP)."
        return Finding("note", "hub", f"runs at {listen}, but {'; '.join(status['degraded'])}", advice)
    return Finding("ok", "hub", f"is running at {listen}, and ready")


def _port(settings: Settings) -> Finding:
    listen = settings.http.listen
    try:
        with bind(listen) as listener:
            note = "; the access token is required there" if needs_token(settings, listener.getsockname()[0]) else ""
    except HubError as error:
        return Finding("wrong", "http", error.message, error.hint)
    return Finding("ok", "http", f"{listen} is free{note}")


def _dashboard() -> Finding:
    if (web_dir() / "index.html").exists():
        return Finding("ok", "dashboard", "built")
    return Finding("wrong", "dashboard", "not built", "Run make setup, or pip install . without HUB_SKIP_WEB.")


async def _broker(settings: Settings) -> AsyncIterator[Finding]:
    """Check the connection, the hub's subscriptions and the in-flight window."""
    where = settings.mqtt.broker
    # Its own client id: with the hub's, the broker would disconnect a running hub.
    install = open_installation(settings.store.data)
    doctor = msgspec.structs.replace(client_settings(settings, install), client_id=f"doctor-{install.id}")
    # A clean session: with a persistent one, the broker would queue all messages for the doctor.
    clean = msgspec.structs.replace(doctor, persistent=False)
    async with _connected(clean, _filters(settings), lambda messages: len(messages)) as link:
        state = link.state
    if not state.connected:
        advice = "Start the broker (see mosquitto.conf), or name it with --mqtt or mqtt.broker."
        yield Finding("wrong", "broker", f"{where}: {state.error or 'no answer'}", advice)
        return
    yield Finding("ok", "broker", f"{where} speaks {state.protocol}")
    for finding in await check_broker_certificate(settings):
        yield finding
    for topic, reason in state.refused:
        user = f"the user {doctor.username}" if doctor.username else "clients without a user name"
        advice = f"Allow {user} to read {topic} in the broker's ACL. The hub does not receive what is published there."
        yield Finding("note" if state.subscribed else "wrong", "subscription", f"{topic} is refused ({reason})", advice)
    yield await _window(doctor)


def _filters(settings: Settings) -> list[str]:
    """Return the topic filters that the hub subscribes to at start."""
    try:
        config = dialects_of(settings)
    except HubError:  # reported with the data folder
        return [f"{dialect_config(settings).root}/#"]
    return [each for dialect in make_dialects(config) for each in dialect.filters]


async def _window(client: MqttClientSettings) -> Finding:
    """Publish to a test topic, and count the messages that arrive before one is acknowledged."""
    received: list[RawMessage] = []
    complete = asyncio.Event()
    probe = f"watchkeeper-doctor/{os.getpid()}"

    def take(messages: Sequence[RawMessage]) -> int:
        received.extend(messages)
        if len(received) >= WINDOW_PROBE:
            complete.set()
        return len(messages)

    what = "in-flight window"
    async with _connected(client, [probe], take) as link:
        try:
            for number in range(WINDOW_PROBE if link.state.subscribed else 0):
                await link.publish(probe, str(number).encode(), qos=1)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(complete.wait(), WINDOW_S)
        except BrokerError as error:
            return Finding("note", what, f"not measured: {error.message}")
        window = len(received)
        link.ack(received)
    if window >= WINDOW_PROBE:
        return Finding("ok", what, f"at least {WINDOW_PROBE}")
    if window == 0:
        return Finding("note", what, f"not measured: the broker does not allow the hub to read and write {probe}")
    if window < SMALL_WINDOW:
        advice = "Set max_inflight_messages to 10000 in mosquitto.conf: a small window limits the message rate."
        return Finding("note", what, f"{window} unacknowledged messages", advice)
    return Finding("ok", what, f"{window}")


@contextlib.asynccontextmanager
async def _connected(client: MqttClientSettings, topics: Sequence[str], take: Sink) -> AsyncIterator[NegotiatingClient]:
    """Yield a client that has subscribed, or that could not within :data:`CONNECT_S`."""
    link = NegotiatingClient(client, take, lambda since, now: None)
    link.subscribe(topics)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(link.run(), name="doctor's client")
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
        yield Finding("wrong", "ai", f"{name} is not used: {reason}", "Change it on the Settings page.")
    try:
        for writer, fault in await providers.check():
            name = f"{writer.provider} ({writer.model})"
            if fault is None:
                yield Finding("ok", "ai", f"{name} answers")
            else:
                yield Finding("note", "ai", f"{name} does not answer; the built-in analyst is used instead", fault)
    finally:
        await providers.close()


def _clock(data: Path) -> Finding:
    now, kept = datetime.now(UTC), read_clock_state(data)
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now.year < 2026:
        return Finding("wrong", "clock", shown, "Set the clock: readings would get wrong times.")
    if kept is not None and kept.doubted_at is not None:
        trusted = datetime.fromtimestamp(kept.believed / 1000, UTC)
        advice = "Set the clock. If it is right, run hub doctor --trust-clock."
        return Finding(
            "wrong", "clock", f"{shown}, but the last trusted date is {trusted:%Y-%m-%d}; no history is deleted", advice
        )
    return Finding("ok", "clock", shown)


def _memory(settings: Settings) -> Finding:
    limit, configured = memory_limit(), settings.limits.total_metrics
    found = f"{limit.bytes / 1e9:.1f} GB ({limit.source}), enough for {limit.metrics:,} metrics"
    if configured is None:
        return Finding("ok", "memory", found)
    advice = "Lower limits.total_metrics, or give the hub more memory." if configured > limit.metrics else ""
    return Finding("note" if advice else "ok", "memory", f"{found}; limits.total_metrics is {configured:,}", advice)
