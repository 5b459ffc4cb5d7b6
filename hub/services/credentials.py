"""Create, list and revoke the broker credentials of devices.

A password is returned once, when it is created; only its hash is stored.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hub.errors import Conflict
from hub.mqtt.mosquitto_acl import MosquittoAcl, User
from hub.runtime.network_addresses import split_address

SAMPLE_PAYLOAD = '{"temperature": 21.5}'


class IssuedCredential(msgspec.Struct, frozen=True):
    """A new user of the broker.

    Attributes:
        name: User name.
        password: Password in plain text.
        line: Shell command that publishes a first reading; None for a bridge.
        address: URL with the broker, the credentials and the topic for a device.
        told: True if the broker has reloaded its files.
        setup: Lines for mosquitto.conf that make the broker ask for passwords; returned with the first user.
    """

    name: str
    password: str
    line: str | None
    address: str
    told: bool
    setup: str | None


class Credentials:
    """Service for credentials of the broker."""

    def __init__(self, access: MosquittoAcl | None, *, broker: str, root: str, login: Path | None) -> None:
        """Create the service.

        Args:
            access: Password and ACL files of the broker; None for the demo's broker, which needs no password.
            broker: HOST:PORT of the broker.
            root: First level of the devices' topics.
            login: File with the hub's own password; None if the settings hold it.
        """
        self._files = access
        self._broker = broker
        self._root = root
        self._login = login

    @property
    def guarded(self) -> bool:
        """True if the hub itself has a password, so the broker requires one."""
        return self.managed and (self._login is None or self._login.exists())

    @property
    def managed(self) -> bool:
        """True if credentials can be created and revoked."""
        return self._files is not None

    @property
    def _access(self) -> MosquittoAcl:
        if self._files is None:
            hint = "Run hub serve with your own broker to give each device a password."
            raise Conflict("The demo's broker accepts connections without a password.", hint)
        return self._files

    def users(self) -> list[User]:
        """Return all users of the broker."""
        return [] if self._files is None else self._files.users()

    def add(self, name: str, prefixes: Sequence[str] = (), host: str | None = None) -> IssuedCredential:
        """Create a user with a new password.

        Args:
            name: User name.
            prefixes: Topic prefixes that a bridge may use; empty for a device.
            host: Host name of the broker as the device sees it, if it differs from the hub's.

        Raises:
            Invalid: The name or a prefix is not allowed.
            Conflict: The user exists.
            StoreError: The files cannot be written. No user was created.
        """
        first = not self.guarded
        password = self._access.add(name, prefixes, self._login)
        reloaded = self._access.reload()
        setup = self._setup() if first else None
        broker_host, port = split_address(self._broker)
        line = None if prefixes else self.line(name, password, host)
        address = f"mqtt://{name}:{password}@{host or broker_host}:{port}/{self._root}/{name}"
        return IssuedCredential(name, password, line, address, reloaded, setup)

    def line(self, name: str, password: str | None = None, host: str | None = None) -> str:
        """Return a shell command that publishes a first reading as ``name``."""
        broker_host, port = split_address(self._broker)
        topic = shlex.quote(f"{self._root}/{name}/telemetry")
        login = "" if password is None else f"-u {shlex.quote(name)} -P {password} "
        return f"mosquitto_pub -h {host or broker_host} -p {port} {login}-q 1 -t {topic} -m '{SAMPLE_PAYLOAD}'"

    def revoke(self, name: str) -> bool:
        """Remove a user. Return True if the broker has reloaded its files. Raises NotFound, StoreError."""
        self._access.revoke(name)
        return self._access.reload()

    def _setup(self) -> str:
        files = self._access.files
        return (
            "allow_anonymous false\n"
            f"password_file {files.passwords.resolve()}\n"
            f"acl_file {files.rights.resolve()}\n"
        )  # fmt: skip
