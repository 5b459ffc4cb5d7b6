"""Objects of broker credentials that the API returns."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.services.credentials import IssuedBundle


class CredentialShape(ApiObject, rename={"topics": "prefixes", "expires": "expires_at"}):
    """A user of the broker. `prefixes` are the topic prefixes of a bridge; empty for a device.

    `expires_at` is when its certificate ends (epoch ms); null for a password, which does not end.
    """

    name: str
    topics: list[str]
    expires: int | None


class CredentialList(ApiObject):
    """The users of the broker.

    `guarded`: the broker requires a password. `managed` is false for the demo's broker, which has no users.
    """

    items: list[CredentialShape]
    guarded: bool
    managed: bool


class IssuedShape(ApiObject):
    """A new user with its password, which is returned only once.

    `line` is a shell command that publishes a first reading; null for a bridge. `qr` is the QR code of `address` as
    rows of modules (`1` is dark). `told` is true if the broker has applied the change. `setup` are lines for the
    broker's configuration, returned with the first user.
    """

    name: str
    password: str
    line: str | None
    address: str
    qr: list[str]
    told: bool
    setup: str | None


class BundleShape(ApiObject):
    """A new certificate with its private key, which is returned only once, and the hub's CA, all as PEM.

    `expires_at` is when it ends (epoch ms). `told` and `setup` are as for a password.
    """

    name: str
    certificate: str
    key: str
    ca: str
    expires_at: int
    told: bool
    setup: str | None

    @classmethod
    def made_of(cls, issued: IssuedBundle) -> BundleShape:
        bundle = issued.bundle
        return cls(issued.name, bundle.certificate, bundle.key, bundle.ca, bundle.ends, issued.told, issued.setup)


class EnrolledShape(ApiObject):
    """The credential of a device that enrolled itself. `told` is true if the broker knows it already."""

    name: str
    password: str
    address: str
    told: bool


class EnrolmentKeyShape(ApiObject, rename={"expires": "expires_at"}):
    """An enrolment key. `left` is how many more devices may use it, `prefix` how their names begin."""

    id: str
    prefix: str
    left: int
    expires: int
    by: str


class NewEnrolmentKeyShape(EnrolmentKeyShape, rename={"expires": "expires_at"}):
    """A new enrolment key with its value, which is returned only once."""

    key: str


class EnrolmentKeyList(ApiObject):
    items: list[EnrolmentKeyShape]


class LineShape(ApiObject):
    line: str


class RevokedShape(ApiObject):
    told: bool
