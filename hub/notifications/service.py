"""Run notifications: read notices of changed alerts, plan messages, and run a worker for each channel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from hub.dialects import Publish
from hub.errors import HubError, NotFound
from hub.events import AlertEvent, DiagnosisReady, Event
from hub.model import Alert, DeliveryRecord, Device, Message, MessageKind, PendingNotice, Severity
from hub.notifications.base import DeliveryFailed, OutgoingMessage
from hub.notifications.channels import CHANNEL_KINDS
from hub.notifications.diagnosis_quotes import DiagnosisQuote, notification_quote
from hub.notifications.direct import DirectSender, secrets_of
from hub.notifications.dry_run import DryRun, dry_run
from hub.notifications.hub_watch import HubWatch
from hub.notifications.messages import MessageComposer, MessageStyle
from hub.notifications.mqtt_events import MAX_SENSORS, MqttEvents, RetainedMessages
from hub.notifications.pictures import AlertPictures
from hub.notifications.planner import NotificationPlanner
from hub.notifications.receivers import AccountDirectory
from hub.notifications.reports import ReportSender
from hub.notifications.routes import Selects
from hub.notifications.settings import NotificationChannel, NotificationConfig
from hub.notifications.templates import check_template, first_of
from hub.notifications.worker import ChannelWorker
from hub.runtime.bus import Bus, Closed, Lagged
from hub.runtime.fault_log import FaultLog
from hub.store.base import Store

log = logging.getLogger(__name__)
faults = FaultLog(log)

MAX_NOTICES = 500
"""Maximum notices that are handled at once."""
RETRY_S = 2.0
IDLE_S = 60.0


class Notifications:
    """Notifies people of alerts.

    Args:
        config: The settings.
        store: The history, with the outbox.
        bus: Publishes events when alerts change or get a diagnosis.
        open_alert: Returns an open alert by its id.
        find: Returns a device by its id.
        selects: Returns whether a scope selects a device.
        directory: The people who can be notified.
        own_url: The hub's own address, used in links unless the settings name one.
        publish: Publishes a message over MQTT without waiting.
        retained: The retained messages over MQTT.
        open_alerts: Returns the open alerts by id.
        rule_names: Returns the names of all rules by id.
        explaining: Returns the ids of the alerts whose diagnoses explain an alert.
        flapping_ms: The flapping of an alert ends when the alert has not recovered for this time.
        now: Returns the time in epoch ms.
    """

    def __init__(
        self,
        *,
        config: NotificationConfig,
        store: Store,
        bus: Bus,
        open_alert: Callable[[str], Alert | None],
        find: Callable[[str], Device | None],
        selects: Selects,
        directory: AccountDirectory,
        own_url: str,
        publish: Callable[[Publish], None],
        retained: RetainedMessages,
        open_alerts: Callable[[], Mapping[str, Alert]],
        rule_names: Callable[[], Mapping[str, str]],
        explaining: Callable[[Alert], Sequence[str]],
        flapping_ms: int,
        now: Callable[[], int],
    ) -> None:
        self.config = config
        self.directory = directory
        self._find = find
        self._selects = selects
        self.store = store.notifications
        self._history = store
        self._bus = bus
        self._open_alert = open_alert
        self._now = now
        self._quotes: dict[str, DiagnosisQuote | None] = {}  # by open alert
        self.composer = MessageComposer(find, lambda: config.settings.base_url or own_url, self._quotes, rule_names)
        self._planner = NotificationPlanner(
            *(lambda: config.settings, directory, find, selects, self.composer),
            lambda alert: alert.id in explaining(alert) and alert.id not in self._quotes,
            flapping_ms,
        )
        self.pictures = AlertPictures(store, find)
        self._wake = asyncio.Event()
        self._changed = False  # whether the settings have changed
        self._taken = 0  # row number of the last notice that was passed to the planner
        self._workers: dict[str, tuple[ChannelWorker, asyncio.Task[None]]] = {}
        self._saved: dict[str, NotificationChannel] = {}  # the channels at the last call of _manage_workers
        self.direct = DirectSender(config, self.composer, now)
        self.reports = ReportSender(config, directory, self.store, self.composer.home, now, self.wake_channel)
        self.hub_watch = HubWatch(config, directory, self.direct.send, now)
        self.mqtt = MqttEvents(config, self.composer, publish, retained, open_alerts, find, rule_names)
        config.on_change = self._settings_changed

    async def run(self) -> None:
        """Plan and deliver messages until the bus is closed."""
        try:
            await self._run()
        finally:
            for kind in CHANNEL_KINDS.values():
                await kind.close()
            await self.pictures.close()

    async def _run(self) -> None:
        with self._bus.subscribe() as subscription:
            await self._restore()
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._plan(group), name="notification planning"),
                    group.create_task(self.hub_watch.run(), name="hub watch"),
                    group.create_task(self.mqtt.run(), name="alerts over MQTT"),
                    group.create_task(self.reports.run(), name="reports"),
                ]
                try:
                    while True:
                        self._hear(await subscription.get())
                except Closed:
                    for task in (*tasks, *(task for _, task in self._workers.values())):
                        task.cancel()

    def notices(self, events: Sequence[Event]) -> list[PendingNotice]:
        """Return a notice for each changed alert in ``events``. Without channels, return an empty list."""
        if not self.config.settings.channels:
            return []
        changed = {event.alert.id: event for event in events if isinstance(event, AlertEvent) and not event.alert.late}
        return [PendingNotice(event.alert, event.at) for event in changed.values()]

    def _hear(self, events: Sequence[Event | Lagged]) -> None:
        for event in events:
            if not isinstance(event, Lagged):
                self.mqtt.hear(event)
            if isinstance(event, DiagnosisReady) and event.diagnosis.alert is not None:
                self._quotes[event.diagnosis.alert] = notification_quote(event.diagnosis)
                self._planner.diagnosis_came(event.diagnosis.alert, event.at)
                self._wake.set()
            elif isinstance(event, AlertEvent | Lagged):
                self._wake.set()

    def _settings_changed(self) -> None:
        self.mqtt.settings_changed()
        self.reports.settings_changed()
        self._changed = True
        self._wake.set()

    # -- planning ----------------------------------------------------------------------------------------------

    async def _restore(self) -> None:
        """Load the groups from the store. Retry until the store can be read."""
        while True:
            try:
                groups = await self.store.open()
                alerts = [alert for group in groups for alert in group.alerts]
                diagnoses = await self._history.diagnoses(alerts)
                cleared = await self._history.alerts(states=("cleared",), limit=MAX_SENSORS)
                break
            except HubError as error:
                faults.error("restore", "Notifications cannot be read (%s). Retrying.", error)
                await asyncio.sleep(RETRY_S)
        self._quotes |= {alert: notification_quote(each) for alert, each in diagnoses.items()}
        self._planner.load(groups, self._open_alert)
        self.mqtt.load(cleared)
        self._changed = True  # the settings may have changed since the groups were stored

    async def _plan(self, group: asyncio.TaskGroup) -> None:
        while True:
            self._wake.clear()
            try:
                self._manage_workers(group)
                wait = await self._step()
            except HubError as error:
                faults.error("plan", "Notifications cannot be planned (%s). Retrying.", error)
                wait = RETRY_S
            except Exception as error:
                faults.unexpected("Notifications failed. Report this.", cause=error)
                wait = RETRY_S
            if wait > 0:
                try:
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
                except TimeoutError:
                    pass

    async def _step(self) -> float:
        """Plan messages from new notices, and store the plan. Return how many seconds to wait before the next step."""
        found = await self.store.notices(self._taken, MAX_NOTICES)
        for number, notice in found:
            self._planner.take(notice)
            self._taken = self._planner.plan.last_notice = number
            if not notice.alert.open:
                self._quotes.pop(notice.alert.id, None)
        if self._changed:
            self._changed = False
            self._planner.reconsider(self._now())
        self._planner.tick(self._now())
        plan = self._planner.take_plan()
        if not plan.empty:
            try:
                await self.store.apply(plan)
            except HubError:
                self._planner.plan = plan.then(self._planner.plan)
                raise
            for channel in {each.receiver.channel for each in plan.deliveries}:
                self.wake_channel(channel)
        if len(found) == MAX_NOTICES:
            return 0.0
        due = self._planner.due_at
        return IDLE_S if due is None else min(max((due - self._now()) / 1_000, 0.0), IDLE_S)

    # -- channels ----------------------------------------------------------------------------------------------

    def _manage_workers(self, group: asyncio.TaskGroup) -> None:
        """Start a worker for each new channel, and stop the workers of removed channels."""
        wanted = {each.id: each for each in self.config.channels()}
        for channel in self._workers.keys() - wanted.keys():
            self._workers.pop(channel)[1].cancel()
        for channel in wanted.keys() & self._workers.keys():
            if wanted[channel] != self._saved.get(channel):
                self.restart_channel(channel)
        self._saved = wanted
        for channel in wanted.keys() - self._workers.keys():
            worker = ChannelWorker(channel, self.store, self._send, self._describe, self._now)
            self._workers[channel] = worker, group.create_task(worker.run(), name=f"notifications over {channel}")

    def wake_channel(self, channel: str) -> None:
        """Let the worker of a channel send new deliveries now."""
        if channel in self._workers:
            self._workers[channel][0].wake()

    def restart_channel(self, channel: str) -> None:
        """Let a channel that pauses after failures try again now."""
        if channel in self._workers:
            self._workers[channel][0].restart()

    async def _send(self, record: DeliveryRecord) -> None:
        delivery = record.delivery
        channel = self.config.channel(delivery.receiver.channel)
        if channel is None:
            raise DeliveryFailed("rejected", "The channel was removed.")
        alerts, picture = delivery.message.alerts, None
        if channel.type.pictures and alerts:
            zone = self.directory.locale(delivery.receiver.person).time_zone
            picture = await self.pictures.of(alerts[0], delivery.message.at, zone)
        outgoing = OutgoingMessage(
            channel.id, delivery.key, delivery.group, delivery.receiver.address, delivery.message, self._now(), picture
        )
        try:
            await channel.type.send(channel.values, outgoing)
        except DeliveryFailed as error:
            if error.gone and delivery.receiver.person is not None:
                await self.config.forget_address(delivery.receiver.person, channel.id, delivery.receiver.address)
            raise

    def _describe(self, record: DeliveryRecord) -> tuple[str, list[str]]:
        receiver = record.delivery.receiver
        if (channel := self.config.channel(receiver.channel)) is None:
            return "", []
        return channel.type.target(channel.values, receiver.address), secrets_of(channel)

    async def preview(self, style: MessageStyle, kind: MessageKind, alert_id: str | None) -> Message:
        """Return a message about an alert, written with the template of ``style``. Without an id, the newest is used.

        Raises Invalid if the template is not valid, and NotFound if there is no such alert.
        """
        check_template(style.template)
        found = await self._history.alerts(limit=1) if alert_id is None else [await self._history.alert(alert_id)]
        if not found or (alert := found[0]) is None:
            raise NotFound("There is no such alert.", "The preview needs an alert: wait for the first one.")
        return self.composer.compose(kind, [alert], self._now(), replace(style, template=first_of(style.template)))

    def dry_run(self, device_id: str, rule: str, severity: Severity, at: int) -> DryRun:
        """Return who would be notified of an alert of ``rule`` at the time ``at``. Raises NotFound for the device."""
        device = self._find(device_id)
        if device is None:
            raise NotFound(f"There is no device {device_id[:64]!r}.", "GET /api/devices lists them.")
        alert = Alert("dry-run", rule, device.id, None, severity, "raised", "", None, None, None, at, at)
        settings = self.config.settings
        return dry_run(alert, device, at, settings=settings, directory=self.directory, selects=self._selects)

    async def retry(self, number: int) -> None:
        """Retry a failed or waiting delivery now. Raises NotFound if no such delivery has this ``number``."""
        if (channel := await self.store.retry(number, self._now())) is None:
            raise NotFound("There is no failed or waiting delivery with this number.")
        self.restart_channel(channel)
