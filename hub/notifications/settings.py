"""Notification settings: channels, routes and people's addresses, in a private file in the data folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from hub.accounts.profile import Language
from hub.errors import Invalid, NotFound, StoreError
from hub.model import WeeklyWindow
from hub.notifications.base import SECRET, ChannelKind, Setting, checked_values
from hub.notifications.channels import CHANNEL_KINDS, webpush
from hub.notifications.locales import HUB_LOCALE, MessageLocale
from hub.notifications.report_schedule import ReportSchedule
from hub.notifications.routes import ALL_CHANNELS, DEFAULT_ROUTE, NotificationRoute
from hub.notifications.stored_settings import read_stored
from hub.notifications.templates import MessageTemplate, check_template
from hub.runtime.private_files import replace_file

FILE = "notifications.json"
MAX_CHANNELS = 32
MAX_ROUTES = 64
MAX_ADDRESSES = 16


class NotificationChannel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel. ``values`` are its settings with their secrets.

    Attributes:
        shared: Whether routes may send to the channel. If not, it is used only for addresses of people.
        template: The templates for title and text of its messages. For an empty title or text, the template of the
            notification route is used.
        language: The language of messages that go to the channel itself and not to a person; None for English.
    """

    id: str
    kind: str
    name: str
    values: dict[str, Setting]
    shared: bool = True
    enabled: bool = True
    template: MessageTemplate = MessageTemplate()
    language: Language | None = None

    @property
    def locale(self) -> MessageLocale:
        """Return the locale of messages that go to the channel itself and not to a person."""
        return MessageLocale(self.language) if self.language is not None else HUB_LOCALE

    @property
    def type(self) -> ChannelKind:
        """Return the kind of the channel."""
        return CHANNEL_KINDS[self.kind]


class PersonAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's address on a channel. ``label`` is a name for the address, such as the browser's name."""

    channel: str
    address: str
    label: str = ""


class PersonNotifications(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The notification settings of a person.

    Attributes:
        addresses: The person's addresses on channels.
        quiet: Weekly quiet hours. Messages wait until they end.
        quiet_critical: Whether messages about critical alerts wait, too.
    """

    addresses: tuple[PersonAddress, ...] = ()
    quiet: tuple[WeeklyWindow, ...] = ()
    quiet_critical: bool = False


class NotificationSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All notification settings. The keys of ``people`` are account ids.

    ``base_url`` is the hub's address in links. ``heartbeat_url`` is requested every minute while the hub works.
    :mod:`hub.notifications.mqtt_events` explains ``mqtt_events`` and ``home_assistant``.
    """

    channels: tuple[NotificationChannel, ...] = ()
    routes: tuple[NotificationRoute, ...] = (DEFAULT_ROUTE,)
    people: dict[str, PersonNotifications] = {}
    base_url: str = ""
    heartbeat_url: str = ""
    mqtt_events: bool = False
    home_assistant: bool = False
    reports: tuple[ReportSchedule, ...] = ()

    def channel(self, channel_id: str) -> NotificationChannel | None:
        """Return an enabled channel; None if there is no enabled channel with this id."""
        return next((each for each in self.channels if each.id == channel_id and each.enabled), None)

    def locale(self, channel_id: str) -> MessageLocale:
        """Return the locale of messages that go to a channel itself; that of the hub if the channel is not enabled."""
        channel = self.channel(channel_id)
        return HUB_LOCALE if channel is None else channel.locale


class NotificationConfig:
    """Holds and changes the notification settings. ``on_change`` is called after each change.

    ``faults`` has an error message for each stored setting that is left out because it is not valid.
    """

    def __init__(self, data: Path) -> None:
        self._file = data / FILE
        self._changing = asyncio.Lock()
        self.settings, self.faults = read_stored(self._file, NotificationSettings, _check_stored)
        self._own: tuple[NotificationChannel, ...] = ()
        self.on_change: Callable[[], None] = lambda: None

    def use_own(self, channels: tuple[NotificationChannel, ...]) -> None:
        """Use ``channels``, the webhooks of reactions, in addition to the channels in the settings.

        They replace the channels of the last call.
        """
        self._own = channels
        self.on_change()

    def channels(self) -> list[NotificationChannel]:
        """Return all enabled channels: those in the settings, and the webhooks of reactions (:meth:`use_own`)."""
        return [each for each in (*self.settings.channels, *self._own) if each.enabled]

    def channel(self, channel_id: str) -> NotificationChannel | None:
        """Return an enabled channel; None if there is no enabled channel with this id."""
        return next((each for each in self.channels() if each.id == channel_id), None)

    async def put_channel(self, channel: NotificationChannel) -> None:
        """Add or replace a channel. A secret that is missing in ``channel`` is kept, an empty secret is removed.

        Raises Invalid if a value is not allowed or there are too many channels.
        """
        async with self._changing:
            checked = self.checked_channel(channel)
            others = tuple(each for each in self.settings.channels if each.id != channel.id)
            if len(others) >= MAX_CHANNELS:
                raise Invalid(f"There can be at most {MAX_CHANNELS} channels.", "Remove one first.")
            await self._save(replace(self.settings, channels=(*others, checked)))

    def checked_channel(self, channel: NotificationChannel) -> NotificationChannel:
        """Return the channel completed with stored secrets and defaults. Raises Invalid if a value is not allowed."""
        kind = CHANNEL_KINDS.get(channel.kind)
        if kind is None:
            raise Invalid(
                f"There is no kind of channel {channel.kind[:64]!r}.", f"Allowed: {', '.join(CHANNEL_KINDS)}."
            )
        before = next((each for each in self.settings.channels if each.id == channel.id), None)
        if before is not None and before.kind != channel.kind:
            raise Invalid("The kind of a channel cannot be changed.", "Add another channel.")
        secrets = [field.name for field in kind.fields if field.type in SECRET]
        stored = before.values if before is not None else {}
        kept = {name: stored[name] for name in secrets if name in stored and name not in channel.values}
        values = checked_values(kind.fields, {**kept, **channel.values})
        moved = any(field.server and stored.get(field.name) != values.get(field.name) for field in kind.fields)
        if kept and moved:
            raise Invalid(f"The server has changed, so {sorted(kept)[0]} has to be entered again.")
        kind.check(values)
        check_template(channel.template)
        return replace(channel, values=values)

    async def remove_channel(self, channel_id: str) -> None:
        """Remove a channel. Raises NotFound if there is no such channel."""
        async with self._changing:
            if all(each.id != channel_id for each in self.settings.channels):
                raise NotFound(f"There is no channel {channel_id[:64]!r}.")
            channels = tuple(each for each in self.settings.channels if each.id != channel_id)
            await self._save(replace(self.settings, channels=channels))

    async def put_routes(self, routes: tuple[NotificationRoute, ...]) -> None:
        """Replace the routes. Raises Invalid for an unknown channel or too many routes."""
        if len(routes) > MAX_ROUTES:
            raise Invalid(f"There can be at most {MAX_ROUTES} routes.", "Remove one.")
        for route in routes:
            check_template(route.template)
        async with self._changing:
            self._check_channels(channel for route in routes for step in route.steps for channel in step.channels)
            await self._save(replace(self.settings, routes=routes))

    async def put_reports(self, reports: tuple[ReportSchedule, ...]) -> None:
        """Replace the reports. Raises Invalid for an unknown channel, or two reports with the same name."""
        if len({each.name for each in reports}) < len(reports):
            raise Invalid("Two reports have the same name.", "Give each its own name.")
        async with self._changing:
            self._check_channels(channel for each in reports for channel in each.channels)
            await self._save(replace(self.settings, reports=reports))

    def _check_channels(self, wanted: Iterable[str]) -> None:
        """Raise Invalid for a channel that does not exist."""
        known = {ALL_CHANNELS} | {each.id for each in self.settings.channels}
        if unknown := set(wanted) - known:
            raise Invalid(f"There is no channel {sorted(unknown)[0][:64]!r}.", "Add it first.")

    async def put_person(self, account: str, wanted: PersonNotifications) -> None:
        """Replace the settings of a person. Raises Invalid for an address or a channel that is not allowed."""
        if len(wanted.addresses) > MAX_ADDRESSES:
            raise Invalid(f"There can be at most {MAX_ADDRESSES} addresses.", "Remove one.")
        async with self._changing:
            for each in wanted.addresses:
                channel = self.settings.channel(each.channel)
                if channel is None or channel.type.address is None:
                    raise Invalid(
                        f"The channel {each.channel[:64]!r} has no personal addresses.", "Choose another one."
                    )
                channel.type.check_address(each.address)
            await self._save(replace(self.settings, people={**self.settings.people, account: wanted}))

    async def push_key(self) -> str:
        """Return the public key that browsers need to subscribe. Create the web push channel if it does not exist."""
        async with self._changing:
            found = next((each for each in self.settings.channels if each.id == webpush.CHANNEL), None)
            if found is None:
                key = await asyncio.to_thread(webpush.new_key)
                title = CHANNEL_KINDS[webpush.CHANNEL].title
                found = NotificationChannel(webpush.CHANNEL, webpush.CHANNEL, title, {"key": key}, shared=False)
                await self._save(replace(self.settings, channels=(*self.settings.channels, found)))
            return await asyncio.to_thread(webpush.public_key, str(found.values["key"]))

    async def forget_address(self, account: str, channel: str, address: str) -> None:
        """Remove an address of a person, because the address no longer exists."""
        async with self._changing:
            wishes = self.settings.people.get(account)
            if wishes is not None:
                left = tuple(each for each in wishes.addresses if (each.channel, each.address) != (channel, address))
                people = {**self.settings.people, account: replace(wishes, addresses=left)}
                await self._save(replace(self.settings, people=people))

    async def forget_person(self, account: str) -> None:
        """Remove the settings of a person."""
        async with self._changing:
            if account in self.settings.people:
                people = {key: each for key, each in self.settings.people.items() if key != account}
                await self._save(replace(self.settings, people=people))

    async def put_general(self, **fields: str | bool) -> None:
        """Set the given fields of the settings. Only for fields that are not lists, such as ``base_url``."""
        async with self._changing:
            await self._save(replace(self.settings, **fields))

    async def _save(self, settings: NotificationSettings) -> None:
        """Store the settings, then use them. Raises StoreError if they cannot be stored, and changes nothing."""
        try:
            await asyncio.to_thread(replace_file, self._file, msgspec.json.encode(settings))
        except OSError as error:
            hint = "Check the free space and the permissions of the data folder."
            raise StoreError(f"The settings of notifications cannot be saved ({error.strerror}).", hint) from None
        self.settings = settings
        self.on_change()


def _check_stored(found: msgspec.Struct) -> None:
    """Raise ValueError, KeyError or OSError for a stored setting of the right type that the hub cannot use."""
    if isinstance(found, NotificationChannel) and found.kind not in CHANNEL_KINDS:
        raise ValueError(f"there is no kind of channel {found.kind[:64]!r}; allowed: {', '.join(CHANNEL_KINDS)}")
    if isinstance(found, WeeklyWindow):
        ZoneInfo(found.zone)
    if isinstance(found, ReportSchedule):
        found.last_due(0)
