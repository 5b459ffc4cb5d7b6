"""The audit log as the API returns it. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Any

from hub.api.schemas.api_object import ApiObject
from hub.model import AuditEntry, AuditKind, AuditOutcome


class FieldChangeShape(ApiObject):
    """A field that was changed. A value is null if the field had no value, and `***` if the value is a secret."""

    field: str
    before: Any
    after: Any


class AuditEntryShape(ApiObject):
    """An entry of the audit log.

    `person` is the person's name at the time of the entry. `account` is the id of the account; it is null in a hub
    without accounts, and for the access token. `token` is the name of the API token that was used. Refused and failed
    requests of the same client share one entry a minute: `count` requests from `at` until `until`. The keys of
    `details` depend on `kind`.
    """

    id: int
    at: int
    until: int
    count: int
    kind: AuditKind
    operation: str
    person: str
    account: str | None
    token: str | None
    client: str
    object: str
    text: str
    outcome: AuditOutcome
    changes: list[FieldChangeShape]
    details: dict[str, Any]

    @classmethod
    def from_record(cls, number: int, entry: AuditEntry) -> AuditEntryShape:
        """Return an entry as an object of the API."""
        return cls.of(
            entry,
            id=number,
            person=entry.actor.name,
            account=entry.actor.account,
            token=entry.actor.token,
            changes=[FieldChangeShape.of(each) for each in entry.changes],
        )


class AuditPage(ApiObject):
    items: list[AuditEntryShape]
    next: str | None
