"""Create, list and revoke the broker credentials of devices: passwords, or certificates of the hub's own CA.

A password or a private key is returned only once, when it is created. The hub stores a hash of each password. It stores
no private keys.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hub.certificates import Authority, Bundle
from hub.errors import Conflict, NotFound
from hub.mqtt.mosquitto_acl import MosquittoAcl
from hub.runtime.network_addresses import split_address

DEVICE_DAYS = 730
SAMPLE_PAYLOAD = '{"temperature": 21.5}'


class IssuedCredential(msgspec.Struct, frozen=True):
    """A new user of the broker, with a password.

    Attributes:
        name: User name.
        password: Password in plain text.
        line: Shell command that publishes a first reading; None for a bridge.
        address: URL with the broker, the credentials and the topic for a device.
        told: True if the broker has reloaded its password and ACL files, so that the user can connect now.
        setup: Lines for mosquitto.conf that make the broker ask for passwords. Only the first user has them, for
            others they are None.
    """

    name: str
    password: str
    line: str | None
    address: str
    told: bool
    setup: str | None


class IssuedBundle(msgspec.Struct, frozen=True):
    """A new certificate. ``told`` and ``setup`` are as in :class:`IssuedCredential`."""

    name: str
    bundle: Bundle
    told: bool
    setup: str | None


class BrokerUser(msgspec.Struct, frozen=True):
    """A user of the broker.

    ``expires`` is the end of the user's certificate (epoch ms), None for a user with a password.
    """

    name: str
    topics: tuple[str, ...]
    expires: int | None


class Credentials:
    """Creates, lists and removes users of the broker, which have a password or a certificate."""

    def __init__(
        self,
        access: MosquittoAcl | None,
        *,
        broker: str,
        root: str,
        login: Path | None,
        authority: Authority | None = None,
    ) -> None:
        """Create the service.

        Args:
            access: Password and ACL files of the broker; None for the demo's broker, which needs no password.
            broker: HOST:PORT of the broker.
            root: First level of the devices' topics.
            login: File with the hub's own password; None if the password is in the settings.
            authority: The hub's own CA; None if it issues no certificates.
        """
        self._files = access
        self._broker = broker
        self._root = root
        self._login = login
        self._authority = authority

    @property
    def guarded(self) -> bool:
        """True if the hub connects to the broker with a password, so that devices need one, too."""
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

    @property
    def _ca(self) -> Authority:
        if self._authority is None:
            raise Conflict("This hub issues no certificates.", "Give the device a password.")
        return self._authority

    def users(self) -> list[BrokerUser]:
        """Return all users of the broker."""
        if self._files is None:
            return []
        expires = {} if self._authority is None else self._authority.devices()
        return [BrokerUser(user.name, user.topics, expires.get(user.name)) for user in self._files.users(expires)]

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

    def certify(self, name: str, prefixes: Sequence[str] = (), days: int = DEVICE_DAYS) -> IssuedBundle:
        """Create a user with a certificate that is valid for ``days``. Raises the same errors as :meth:`add`."""
        if name in self._ca.devices():
            raise Conflict(f"{name} already has a certificate.", f"For another one: hub device renew {name}")
        first = not self._ca.exists
        self._access.add_certified(name, prefixes, self._login)
        return self._issue(name, days, first)

    def renew(self, name: str, days: int = DEVICE_DAYS) -> IssuedBundle:
        """Issue another certificate for a user. Earlier certificates of the user stay valid until they expire.

        Raises NotFound if the user has no valid certificate.
        """
        if name not in self._ca.devices():
            raise NotFound(
                f"{name[:64]!r} has no valid certificate.", f"To issue one: hub device add {name} --certificate"
            )
        return self._issue(name, days, False)

    def ca(self) -> bytes:
        """Return the certificate of the hub's own CA, as PEM. Raises NotFound if the CA has issued nothing yet."""
        if not self._ca.exists:
            raise NotFound("This hub has no CA yet.", "It is created with the first certificate.")
        return self._ca.ca_file.read_bytes()

    def _issue(self, name: str, days: int, first: bool) -> IssuedBundle:
        bundle = self._ca.issue(name, "client", days)
        return IssuedBundle(name, bundle, self._share(), self._tls_setup() if first else None)

    def _share(self) -> bool:
        """Give the broker the certificate of the CA and the certificate revocation list (CRL).

        Return True if the broker has read both.
        """
        files = (self._ca.ca_file, self._ca.crl_file)
        self._access.share({file.name: file.read_bytes() for file in files})
        return self._access.reload()

    def line(self, name: str, password: str | None = None, host: str | None = None) -> str:
        """Return a shell command that publishes a first reading as ``name``."""
        broker_host, port = split_address(self._broker)
        topic = shlex.quote(f"{self._root}/{name}/telemetry")
        login = "" if password is None else f"-u {shlex.quote(name)} -P {password} "
        return f"mosquitto_pub -h {host or broker_host} -p {port} {login}-q 1 -t {topic} -m '{SAMPLE_PAYLOAD}'"

    def revoke(self, name: str) -> bool:
        """Remove a user. Return True if the broker has reloaded its files. Raises NotFound, StoreError.

        Mosquitto then closes the connections of a user with a password. It leaves the connections of a user with a
        certificate open, so the hub also removes the user's right to all topics.
        """
        if self._authority is not None and name in self._authority.devices():
            self._access.deny(name)
            self._authority.revoke(name)
            return self._share()
        self._access.revoke(name)
        return self._access.reload()

    def _tls_setup(self) -> str:
        folder = self._access.files.rights.parent.resolve()
        return (
            "listener 8883\n"
            f"cafile {folder}/{self._ca.ca_file.name}\n"
            f"crlfile {folder}/{self._ca.crl_file.name}\n"
            "certfile /etc/mosquitto/certs/broker.crt\n"
            "keyfile /etc/mosquitto/certs/broker.key\n"
            "tls_version tlsv1.2\n"
            "require_certificate true\n"
            "use_identity_as_username true\n"
            f"{self._setup()}"
        )

    def _setup(self) -> str:
        files = self._access.files
        return (
            "allow_anonymous false\n"
            f"password_file {files.passwords.resolve()}\n"
            f"acl_file {files.rights.resolve()}\n"
        )  # fmt: skip
