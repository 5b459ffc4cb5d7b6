"""Send reports at fixed times: the weekly digest of alerts, and the summary of a shift."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from hub.accounts.scope import DeviceScope, viewing
from hub.errors import HubError
from hub.model import Message, NotificationDelivery, ReportKind, ReportText
from hub.notifications.locales import MessageLocale
from hub.notifications.receivers import AccountDirectory, receivers_of
from hub.notifications.report_schedule import ReportSchedule
from hub.notifications.routes import RouteStep
from hub.notifications.settings import NotificationConfig
from hub.runtime.fault_log import FaultLog
from hub.store.notifications import NotificationPlan, NotificationStore

faults = FaultLog(logging.getLogger(__name__))

CHECK_S = 20.0
CATCH_UP_MS = 3_600_000
"""A report that became due while the hub was off is sent at most this much later (ms)."""


Write = Callable[[ReportKind, int, str, MessageLocale], Awaitable[ReportText]]
"""Writes a report.

The arguments are the kind, how many hours it covers, the time zone of the times in it, and its language and units.

The report covers the devices in the scope of the running task (:func:`hub.accounts.scope.viewing`).
"""


async def _nothing(kind: ReportKind, hours: int, zone: str, locale: MessageLocale) -> ReportText:
    return ReportText("", "", True)


def _same(scope: DeviceScope) -> DeviceScope:
    return scope


class ReportSender:
    """Puts reports into the outbox when they are due.

    Attributes:
        write: Returns the text of a report. Until the services are built, it returns an empty report.
    """

    def __init__(
        self,
        config: NotificationConfig,
        directory: AccountDirectory,
        store: NotificationStore,
        home: Callable[[], str],
        now: Callable[[], int],
        wake: Callable[[str], None],
    ) -> None:
        self.write: Write = _nothing
        self._config = config
        self._directory = directory
        self._store = store
        self._home = home
        self._now = now
        self._wake_channel = wake
        self._wake = asyncio.Event()
        self._sent: dict[str, int] = {}  # by name of the schedule: when its last report was due

    async def run(self) -> None:
        """Put reports that are due into the outbox, until cancelled."""
        while True:
            try:
                await self.check()
            except HubError as error:
                faults.error("report", "A report could not be sent (%s). Retrying.", error)
            except Exception as error:
                faults.unexpected("A report failed. Report this.", cause=error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    await self._wake.wait()
            self._wake.clear()

    def settings_changed(self) -> None:
        """Let :meth:`run` check at once which reports are due, because the settings have changed."""
        self._wake.set()

    async def check(self) -> None:
        """Put the reports that are due into the outbox. Each has a unique key, so no report is delivered twice."""
        now = self._now()
        for schedule in self._config.settings.reports:
            due = schedule.last_due(now)
            if due is None or now - due > CATCH_UP_MS or self._sent.get(schedule.name) == due:
                continue
            deliveries = [each async for each in self._deliveries(schedule, due)]
            if deliveries:
                await self._store.apply(NotificationPlan(deliveries=deliveries))
                for channel in {each.receiver.channel for each in deliveries}:
                    self._wake_channel(channel)
            self._sent[schedule.name] = due

    async def _deliveries(self, schedule: ReportSchedule, due: int) -> AsyncIterator[NotificationDelivery]:
        """Yield a delivery of the report for each receiver. The text covers only what the receiver may see."""
        step = RouteStep(0, schedule.channels, schedule.people, schedule.roles)
        written: dict[object, ReportText] = {}  # by scope (id of the person, or empty for the whole hub) and locale
        for target in receivers_of((step,), "info", due, self._config.settings, self._directory):
            key = "" if target.scope.whole else str(target.receiver.person)
            variant = key, target.locale
            if variant not in written:
                with viewing(partial(_same, target.scope)):
                    written[variant] = await self.write(schedule.kind, schedule.hours, schedule.zone, target.locale)
            report = written[variant]
            if report.empty and not schedule.send_empty:
                continue
            group = f"report:{schedule.name}@{due}"
            text = "\n".join((group, target.receiver.channel, key, target.receiver.address))
            message = Message("report", report.title, report.text, "info", due, url=f"{self._home()}/alerts")
            digest = hashlib.sha256(text.encode()).hexdigest()[:32]
            yield NotificationDelivery(f"n-{digest}", group, target.receiver, message, self._now())
