"""``hub doctor``: check that everything a hub needs is in place, and say how to fix what is not."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from hub import __version__
from hub.ai.model_settings import open_model_settings
from hub.assembly.data_files import read_if_there
from hub.assembly.from_settings import (
    ai_settings,
    bind,
    calculated_of,
    dialects_of,
    needs_token,
    reactions_of,
    rules_of,
)
from hub.assembly.memory_limit import memory_limit
from hub.commandline.broker_checks import check_broker
from hub.commandline.certificate_checks import check_server_certificate
from hub.commandline.database_checks import check_database
from hub.commandline.finding import Finding, State
from hub.commandline.running_hub import status_of, waiting_for
from hub.commandline.settings import is_hub_folder, running_settings_from
from hub.errors import HubError, InUse
from hub.insight import parse_signatures
from hub.runtime.clock import confirm, read_clock_state
from hub.runtime.installation import open_installation, read_installation
from hub.runtime.package_data import web_dir
from hub.runtime.settings import Settings
from hub.store.lock import DirectoryLock
from hub.store.migrations import check_format
from hub.store.sqlite import FILE
from hub.store.sqlite_connection import translated

FREE_BYTES = 1_000_000_000


async def run(arguments: argparse.Namespace) -> int:
    """Print the report. Return 0 if no check found something wrong, else 1.

    Raises HubError if the settings cannot be read.
    """
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
        async for finding in check_database(settings):
            yield finding
        for finding in check_server_certificate(settings):
            yield finding
        if not _has_install(data):  # the other checks work without the folder
            settings = _with_data(settings, stack.enter_context(tempfile.TemporaryDirectory()))
        yield _dashboard()
        async for finding in check_broker(settings):
            yield finding
        async for finding in _ai(settings):
            yield finding
        yield _memory(settings)
        yield _clock(settings.store.data)


def _with_data(settings: Settings, folder: str) -> Settings:
    return settings.model_copy(update={"store": settings.store.model_copy(update={"data": Path(folder)})})


def _has_install(data: Path) -> bool:
    try:
        read_installation(data)
    except (HubError, OSError):
        return False
    return True


def _data(data: Path, settings: Settings) -> tuple[list[Finding], str | None]:
    """Check the data folder. Return the findings, and the id of the process that uses the folder.

    The id is None if no process uses it.
    """
    try:
        data.stat()
    except (FileNotFoundError, NotADirectoryError):
        return [_missing(data)], None
    except OSError as error:
        text = f"{data} cannot be used ({error.strerror})"
        return [Finding("wrong", "data", text, "Pass another folder with --data.")], None
    try:
        if data.is_dir() and not _is_prepared(data):  # to look further would create files
            advice = "hub serve creates its files there. If a hub runs already, pass its folder with --data."
            return [Finding("note", "data", f"{data} has not been used by a hub yet", advice)], None
        with DirectoryLock.acquire(data):
            return _content(data, settings, "can be written"), None
    except InUse:
        holder = DirectoryLock.holder(data)
        return _content(data, settings, f"is in use by process {holder}"), holder
    except HubError as error:
        return [Finding("wrong", "data", error.message, error.hint)], None


def _is_prepared(data: Path) -> bool:
    """Return whether a hub has used the folder, or somebody has put a configuration file for a hub there."""
    files = ("watchkeeper.lock", "rules.toml", "mappings.toml", "signatures.toml", "calculated.toml", "reactions.toml")
    return is_hub_folder(data) or any((data / name).exists() for name in files)


def _missing(data: Path) -> Finding:
    """Return a finding about a data folder that does not exist: whether the hub could create it.

    The check does not create it.
    """
    above = next(each for each in data.absolute().parents if each.exists())
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        hint = "Give this user write permission there, or pass another folder with --data."
        return Finding("wrong", "data", f"{data} does not exist and cannot be created in {above}", hint)
    advice = "hub serve creates it. If a hub runs already, pass its folder with --data."
    return Finding("note", "data", f"{data} does not exist", advice)


def _content(data: Path, settings: Settings, state: str) -> list[Finding]:
    try:
        open_installation(data)
        rules, reactions = rules_of(data), reactions_of(data)
        calculated_of(data)
        dialects_of(settings)
        parse_signatures(read_if_there(data / "signatures.toml") or "")
        if settings.store.url is None:
            with translated():
                check_format(data / FILE)
        with tempfile.TemporaryFile(dir=data):
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
    return [Finding("ok", "data", f"{data} {state}; {len(rules)} rules, {len(reactions)} reactions"), disk]


def _running(settings: Settings, holder: str) -> Finding:
    """Check the hub that is using the data folder, and return the finding.

    ``holder`` is the id of the process that uses the folder.
    """
    listen, status = settings.http.listen, status_of(settings)
    if status is None and (waits_for := waiting_for(settings)) is not None:
        return Finding("note", "hub", f"the hub at {listen} waits for {waits_for}")
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
