"""Objects of broker credentials that the API returns."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.services.credentials import IssuedBundle


class CredentialShape(ApiObject, rename={"topics": "prefixes", "expires": "expires_at"}):
    """A user of the broker. `prefixes` are the topic prefixes of a bridge; they are empty for a device.

    `expires_at` is the time at which the user's certificate expires (epoch ms). It is null for a user with a password,
    which does not expire.
    """

    name: str
    topics: list[str]
    expires: int | None


class CredentialList(ApiObject):
    """The users of the broker.

    `guarded` is true if the broker requires a password. `managed` is false for the demo's broker, which has no users.
    """

    items: list[CredentialShape]
    guarded: bool
    managed: bool


class IssuedShape(ApiObject):
    """A new user of the broker with its password, which is returned only once.

    `line` is a shell command that publishes a first reading. It is null if the user is a bridge, which is not a device.
    `address` is a URL with the broker, the password and the topic. `qr` is its QR code as rows of modules (`1` is
    dark). `told` is true if the broker has reloaded its list of users. `setup` has the lines to add to the broker's
    configuration; only the first user has them, for others it is null.
    """

    name: str
    password: str
    line: str | None
    address: str
    qr: list[str]
    told: bool
    setup: str | None


class BundleShape(ApiObject):
    """A new certificate, its private key, and the CA's certificate, all as PEM. The key is returned only once.

    `expires_at` is the time at which the certificate expires (epoch ms). `told` is true if the broker has reloaded its
    list of users. `setup` has the lines to add to the broker's configuration; it is null unless this is the first user.
    """

    name: str
    certificate: str
    key: str
    ca: str
    expires_at: int
    told: bool
    setup: str | None

    @classmethod
    def from_record(cls, issued: IssuedBundle) -> BundleShape:
        bundle = issued.bundle
        return cls(issued.name, bundle.certificate, bundle.key, bundle.ca, bundle.ends, issued.told, issued.setup)


class EnrolledShape(ApiObject):
    """The credential of a device that enrolled itself. `told` is true if the broker has reloaded its list of users."""

    name: str
    password: str
    address: str
    told: bool


class EnrolmentKeyShape(ApiObject, rename={"expires": "expires_at"}):
    """An enrolment key. `left` is the number of devices that may still use it. Their names begin with `prefix`."""

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
