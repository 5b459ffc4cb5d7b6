"""Check a request against the table of permissions, before its body is read."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from re import Pattern

from starlette.routing import compile_path

from hub.accounts.account import Role, includes
from hub.accounts.permissions import LEAST_ROLE, WHOLE_HUB


class Authorization:
    """The permissions by method and path.

    ``table`` has the lowest role for each operation. ``whole_hub`` has the operations that are refused to accounts
    which are limited to some devices.
    """

    def __init__(self, table: Mapping[str, Role] = LEAST_ROLE, whole_hub: AbstractSet[str] = WHOLE_HUB) -> None:
        self._exact: dict[tuple[str, str], tuple[Role, bool]] = {}
        self._patterns: dict[str, list[tuple[Pattern[str], tuple[Role, bool]]]] = {}
        for operation, role in table.items():
            method, path = operation.split()
            needs = role, operation in whole_hub
            if "{" in path:
                self._patterns.setdefault(method, []).append((compile_path(path)[0], needs))
            else:
                self._exact[method, path] = needs

    def least_role(self, method: str, path: str) -> Role:
        """Return the lowest role that may make a request; administrator if the permission table does not list it."""
        return self._needs(method, path)[0]

    def needs_whole_hub(self, method: str, path: str) -> bool:
        """Return whether the request is refused to accounts that are limited to some devices."""
        return self._needs(method, path)[1]

    def permits(self, role: Role, method: str, path: str) -> bool:
        """Return whether somebody with this role may make the request."""
        return includes(role, self.least_role(method, path))

    def _needs(self, method: str, path: str) -> tuple[Role, bool]:
        method = "GET" if method == "HEAD" else method
        if (needs := self._exact.get((method, path))) is not None:
            return needs
        found = (needs for pattern, needs in self._patterns.get(method, ()) if pattern.match(path))
        return next(found, ("administrator", True))
