"""The checks of ``hub doctor`` on a PostgreSQL database: version, rights, tables, safety, clock and replicas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from hub.assembly.database import inspect_database
from hub.commandline.finding import Finding
from hub.errors import HubError
from hub.runtime.database_url import database_name
from hub.runtime.settings import Settings, reveal
from hub.store.postgresql.schema import FORMAT
from hub.store.sqlite import FILE

CLOCK_MS = 5_000
"""A larger difference between the clocks is reported."""
BEHIND_BYTES = 64_000_000
LAG_S = 30.0
"""A replica that is further behind is reported."""


async def check_database(settings: Settings) -> AsyncIterator[Finding]:
    """Check the database in ``store.url``. Nothing is yielded without one."""
    url = reveal(settings.store.url)
    if url is None:
        return
    where = database_name(url)
    try:
        report = await asyncio.to_thread(inspect_database, url)
    except HubError as error:
        yield Finding("wrong", "database", error.message, error.hint)
        return
    served = f"; the hub at {report.holder} serves it" if report.holder else ""
    if report.replica:
        advice = "Name the primary server in store.url, or all servers with ?target_session_attrs=read-write."
        yield Finding("wrong", "database", f"{where} is a read-only replica", advice)
    else:
        found = f"{where}: PostgreSQL {report.version}, {report.size / 1e6:.0f} MB{served}"
        yield Finding("ok", "database", found)
    if not report.usable:
        advice = (
            "Make the hub's user the owner: ALTER DATABASE … OWNER TO …, and in the database REASSIGN OWNED BY … TO … "
            "for the tables of another user."
        )
        yield Finding("wrong", "rights", "the user in store.url may not create or change the hub's tables", advice)
    yield _tables(report.format)
    for name in report.unsafe:
        advice = f"Set {name} = on in postgresql.conf: a power cut can lose messages that were acknowledged."
        yield Finding("wrong", "safety", f"{name} is off", advice)
    yield _clock(report.ahead_ms)
    for each in report.replicas:
        yield _replica(each.name, each.behind, each.lag_s)
    for finding in _unused_file(settings):
        yield finding


def _tables(stored: int | None) -> Finding:
    if stored is None:
        return Finding("note", "tables", "there are none yet", "hub serve creates them.")
    if stored != FORMAT:
        advice = "Use the version of Watchkeeper that wrote them, or another database."
        return Finding("wrong", "tables", f"they have format {stored}, but this version reads format {FORMAT}", advice)
    return Finding("ok", "tables", f"format {stored}")


def _clock(ahead_ms: int) -> Finding:
    if abs(ahead_ms) <= CLOCK_MS:
        return Finding("ok", "server's clock", "agrees with this machine's")
    text = f"{abs(ahead_ms) / 1000:.0f} s {'ahead of' if ahead_ms > 0 else 'behind'} this machine's"
    return Finding("note", "server's clock", text, "Let both machines set their clocks by NTP.")


def _replica(name: str, behind: int | None, lag_s: float | None) -> Finding:
    if behind is None:
        advice = "GRANT pg_monitor TO the hub's user to see it here."
        return Finding("note", "replica", f"{name} is connected; its lag is not visible to the hub's user", advice)
    found = f"{name} is {behind / 1e6:.1f} MB behind" + (f", {lag_s:.1f} s" if lag_s is not None else "")
    if behind > BEHIND_BYTES or (lag_s or 0) > LAG_S:
        return Finding("note", "replica", found, "A fail-over now would lose these changes.")
    return Finding("ok", "replica", found)


def _unused_file(settings: Settings) -> Iterator[Finding]:
    if (settings.store.data / FILE).exists():
        advice = "docs/postgresql.md says how to move its readings."
        yield Finding("note", "history", f"{settings.store.data / FILE} is not used while store.url is set", advice)
