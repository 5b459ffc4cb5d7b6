"""Compare a request with the table of permissions before anything of it is read but its head."""

from __future__ import annotations

from collections.abc import Mapping
from re import Pattern

from starlette.routing import compile_path

from hub.accounts.account import Role, includes
from hub.accounts.permissions import LEAST_ROLE


class Authorization:
    """The permissions by method and path. ``table`` has the role that each operation needs."""

    def __init__(self, table: Mapping[str, Role] = LEAST_ROLE) -> None:
        self._exact: dict[tuple[str, str], Role] = {}
        self._patterns: dict[str, list[tuple[Pattern[str], Role]]] = {}
        for operation, role in table.items():
            method, path = operation.split()
            if "{" in path:
                self._patterns.setdefault(method, []).append((compile_path(path)[0], role))
            else:
                self._exact[method, path] = role

    def least_role(self, method: str, path: str) -> Role:
        """Return the role that a request needs; administrator for one that is not in the table."""
        method = "GET" if method == "HEAD" else method
        if (role := self._exact.get((method, path))) is not None:
            return role
        return next((role for pattern, role in self._patterns.get(method, ()) if pattern.match(path)), "administrator")

    def permits(self, role: Role, method: str, path: str) -> bool:
        """Return whether somebody with this role may make the request."""
        return includes(role, self.least_role(method, path))
