"""Resolve the steps of a route to receivers: channels, and addresses of people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

import msgspec

from hub.accounts.account import Account
from hub.accounts.scope import EVERYTHING, DeviceScope, scope_of
from hub.model import Alert, Device, NotificationReceiver, Severity, WeeklyWindow
from hub.notifications.locales import HUB_LOCALE, MessageLocale, locale_of
from hub.notifications.routes import ALL_CHANNELS, RouteStep
from hub.notifications.settings import NotificationSettings
from hub.rules.other_devices import hide
from hub.rules.weekly_windows import intervals

_HOUR_MS = 3_600_000
_DAYS = 9
"""Days ahead for which quiet hours are computed, so that even quiet hours of a whole week end within them."""


class NotificationTarget(msgspec.Struct, frozen=True):
    """A receiver of messages, the devices that this receiver may see, and how the messages are written.

    Messages wait until ``held_until`` (epoch ms), the end of quiet hours; None: they do not wait.
    """

    receiver: NotificationReceiver
    scope: DeviceScope
    held_until: int | None = None
    locale: MessageLocale = HUB_LOCALE

    def seen(self, alerts: Sequence[Alert], find: Callable[[str], Device | None]) -> Sequence[Alert]:
        """Return the alerts whose devices the receiver may see.

        In the texts of these alerts, the names of devices that the receiver may not see are replaced. ``find`` returns
        a device by its id.
        """

        def sees(device_id: str) -> bool:
            device = find(device_id)
            return device is not None and self.scope.includes(device)

        return alerts if self.scope.whole else [hide(each, sees) for each in alerts if sees(each.device)]


class AccountDirectory:
    """The accounts of the people who can be notified. It is empty until the accounts have been loaded.

    Attributes:
        accounts: All accounts.
        within: Returns the given area ids and the ids of all areas inside these areas.
    """

    def __init__(self) -> None:
        self.accounts: Iterable[Account] = ()
        self.within: Callable[[Iterable[str]], frozenset[str]] = frozenset

    def people(self) -> dict[str, Account]:
        """Return the accounts that are not disabled, by id."""
        return {account.id: account for account in self.accounts if not account.disabled}

    def scope(self, account: Account) -> DeviceScope:
        """Return the scope of an account: the devices that the person may see."""
        return scope_of(account.id, (account.limits,), self.within)

    def locale(self, person: str | None) -> MessageLocale:
        """Return the locale of messages for a person. For None, return the locale of channels that belong to nobody."""
        account = None if person is None else self.people().get(person)
        return HUB_LOCALE if account is None else locale_of(account.profile)

    def target(
        self, receiver: NotificationReceiver, account: Account, held_until: int | None = None
    ) -> NotificationTarget:
        """Return the target for ``receiver``, an address of the person with this account."""
        return NotificationTarget(receiver, self.scope(account), held_until, locale_of(account.profile))


def receivers_of(
    steps: Iterable[RouteStep],
    severity: Severity,
    now: int,
    settings: NotificationSettings,
    directory: AccountDirectory,
) -> list[NotificationTarget]:
    """Return the receivers that these steps of a route notify, without duplicates.

    A person's quiet hours at ``now`` (epoch ms) delay the message to this person. A message of the severity
    ``critical`` is delayed only if the person wants that.
    """
    found: dict[NotificationReceiver, NotificationTarget] = {}
    for step in steps:
        for channel in settings.channels:
            listed = channel.id in step.channels or ALL_CHANNELS in step.channels
            if listed and channel.shared and channel.enabled:
                target = NotificationTarget(NotificationReceiver(channel.id), EVERYTHING, locale=channel.locale)
                found.setdefault(target.receiver, target)
        for account in directory.people().values():
            if account.id in step.people or account.role in step.roles:
                for target in _of_person(account, severity, now, settings, directory):
                    found.setdefault(target.receiver, target)
    return list(found.values())


def _of_person(
    account: Account, severity: Severity, now: int, settings: NotificationSettings, directory: AccountDirectory
) -> Iterator[NotificationTarget]:
    wishes = settings.people.get(account.id)
    if wishes is None:
        return
    held_until = None if severity == "critical" and not wishes.quiet_critical else quiet_until(wishes.quiet, now)
    for each in wishes.addresses:
        if settings.channel(each.channel) is not None:
            yield directory.target(NotificationReceiver(each.channel, account.id, each.address), account, held_until)


def quiet_until(quiet: tuple[WeeklyWindow, ...], now: int) -> int | None:
    """Return when the quiet hours end, in epoch ms; None if it is not quiet now.

    If quiet hours cover the whole week, return a time at least a week later.
    """
    end = now
    for begin, until in _quiet_spans(quiet, now // _HOUR_MS):
        if begin <= end < until:
            end = until
    return None if end == now else end


@lru_cache(maxsize=256)
def _quiet_spans(quiet: tuple[WeeklyWindow, ...], hour: int) -> list[tuple[int, int]]:
    """Return start and end (epoch ms) of each quiet time near ``hour``, in order of time.

    ``hour`` is in hours since the epoch, so that results can be cached for an hour.
    """
    return sorted(span for window in quiet for span in intervals(window, hour * _HOUR_MS, _DAYS))
