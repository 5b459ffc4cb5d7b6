"""List the people that an alert can be assigned to."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hub.accounts import Account
from hub.accounts.scope import scope_of
from hub.errors import Invalid
from hub.model import Assignee, Device
from hub.registry.reader import DeviceReader


class AssignablePeople:
    """The people that alerts can be assigned to: those whose accounts are not disabled and may see the device.

    ``within`` takes ids of areas, and returns these ids and the ids of all areas inside these areas.
    """

    def __init__(
        self,
        accounts: Iterable[Account],
        within: Callable[[Iterable[str]], frozenset[str]],
        devices: DeviceReader,
    ) -> None:
        self._accounts = accounts
        self._within = within
        self._devices = devices

    def list(self, device_id: str | None) -> list[Assignee]:
        """Return the people that alerts of this device can be assigned to. Raises NotFound for an unknown device.

        With None, return all people whose accounts are not disabled.
        """
        device = None if device_id is None else self._devices.require(device_id)
        return [
            Assignee(account.id, account.name)
            for account in self._accounts
            if not account.disabled and (device is None or self._sees(account, device))
        ]

    def require(self, account_id: str, device_id: str) -> Assignee:
        """Return the person with this account. Raises Invalid if the person cannot be assigned alerts of the device."""
        found = next((each for each in self.list(device_id) if each.id == account_id), None)
        if found is None:
            hint = f"GET /api/assignees?device_id={device_id} lists those that can be."
            raise Invalid(f"The alert cannot be assigned to {account_id[:64]!r}.", hint)
        return found

    def _sees(self, account: Account, device: Device) -> bool:
        return scope_of(account.id, (account.limits,), self._within).includes(device)
