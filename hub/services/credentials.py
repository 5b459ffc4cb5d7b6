"""Who may connect to the broker, as people ask for it: let a device in, send it away, and what to copy into it.

It knows no HTTP and prints nothing. A password is told once, to who asked for it; only its hash is kept.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hub.errors import Conflict
from hub.mqtt.mosquitto_acl import MosquittoAcl, User
from hub.runtime.network_addresses import split_address

READING = '{"temperature": 21.5}'


class IssuedCredential(msgspec.Struct, frozen=True):
    """``line`` is a shell line that publishes a first reading (a bridge has none), ``address`` all that a device needs
    in one text. ``told`` says whether the broker knows already; ``setup`` are the lines that make it ask for
    passwords, given with the first user."""

    name: str
    password: str
    line: str | None
    address: str
    told: bool
    setup: str | None


class Credentials:
    """``access`` is None where the broker is the demo's, which lets everybody in. ``broker`` is its HOST:PORT, ``root``
    where the devices' topics begin, ``login`` where the hub's own password is kept, None where the settings name it."""

    def __init__(self, access: MosquittoAcl | None, *, broker: str, root: str, login: Path | None) -> None:
        self._files = access
        self._broker = broker
        self._root = root
        self._login = login

    @property
    def guarded(self) -> bool:
        """Whether the hub itself has a password: then the broker asks for one."""
        return self.managed and (self._login is None or self._login.exists())

    @property
    def managed(self) -> bool:
        """Whether anybody can be let in or sent away."""
        return self._files is not None

    @property
    def _access(self) -> MosquittoAcl:
        if self._files is None:
            hint = "Run hub serve with a broker of your own to give each device a password."
            raise Conflict("The demo's broker lets everybody in.", hint)
        return self._files

    def users(self) -> list[User]:
        return [] if self._files is None else self._files.users()

    def add(self, name: str, prefixes: Sequence[str] = (), host: str | None = None) -> IssuedCredential:
        """Add a user with a new password; ``prefixes`` are a bridge's own topics, ``host`` what the broker is called
        where the device is. Raises Invalid, Conflict for one that exists, StoreError: then there is no new user."""
        first = not self.guarded
        password = self._access.add(name, prefixes, self._login)
        told = self._access.reload()
        setup = self._setup() if first else None
        at, port = split_address(self._broker)
        at = host or at
        line = None if prefixes else self.line(name, password, host)
        address = f"mqtt://{name}:{password}@{at}:{port}/{self._root}/{name}"
        return IssuedCredential(name, password, line, address, told, setup)

    def line(self, name: str, password: str | None = None, host: str | None = None) -> str:
        """What publishes a first reading of ``name``."""
        at, port = split_address(self._broker)
        topic = shlex.quote(f"{self._root}/{name}/telemetry")
        login = "" if password is None else f"-u {shlex.quote(name)} -P {password} "
        return f"mosquitto_pub -h {host or at} -p {port} {login}-q 1 -t {topic} -m '{READING}'"

    def revoke(self, name: str) -> bool:
        """Void from now on; whether the broker has been told. Raises NotFound, StoreError."""
        self._access.revoke(name)
        return self._access.reload()

    def _setup(self) -> str:
        files = self._access.files
        return (
            "allow_anonymous false\n"
            f"password_file {files.passwords.resolve()}\n"
            f"acl_file {files.rights.resolve()}\n"
        )  # fmt: skip
