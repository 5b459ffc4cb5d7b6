"""An entry of the audit log: who did what, from where, and with which outcome."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

AuditKind = Literal["sign_in", "denied", "people", "settings", "device", "alert", "command", "ai", "data"]
"""The subject of an entry.

``sign_in``: signing in and out. ``denied``: a request that was refused. ``people``: accounts, links and tokens.
``settings``: rules, mappings, models, credentials and the clock. ``device``: edits and removal of devices. ``alert``:
acknowledgements and causes. ``command``: commands and desired states. ``ai``: questions, diagnoses and analyses.
``data``: exports and imports.
"""
AuditOutcome = Literal["success", "denied", "failed", "interrupted"]
"""How the operation ended, if not with ``success``.

``denied``: the permission was missing. ``failed``: it failed for another reason. ``interrupted``: the client left
before the end of the answer.
"""


class FieldChange(msgspec.Struct, frozen=True):
    """A field that was changed, with its values before and after. None means that there was no value."""

    field: str
    before: Any
    after: Any


class Actor(msgspec.Struct, frozen=True):
    """Who makes a request.

    Attributes:
        name: The name of the person at that time. It is ``operator`` if the hub has no accounts or the access token was
            used, and empty if nobody is signed in.
        account: Id of the account; None if there is none.
        token: Name of the API token that was used; None if none was used.
    """

    name: str = ""
    account: str | None = None
    token: str | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One operation; or several equal operations of one client that were refused within a minute.

    Attributes:
        at: Time of the first operation, in epoch ms by the hub's clock.
        until: Time of the last operation.
        count: The number of operations.
        kind: Category of the operation.
        operation: ``METHOD path`` of the API.
        actor: Who did it.
        client: Address of the client.
        object: The changed object, usually an id.
        text: Description that begins with a verb in the past tense.
        outcome: How it ended.
        changes: What was changed. Secrets are masked.
        details: Further facts: plain JSON, keys depend on ``kind``.
    """

    at: int
    until: int
    kind: AuditKind
    operation: str
    actor: Actor
    client: str
    object: str
    text: str
    outcome: AuditOutcome
    changes: tuple[FieldChange, ...] = ()
    details: dict[str, Any] = {}
    count: int = 1


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Filter of audit entries. An entry must match all fields that are not None.

    Attributes:
        person: The person's name, or the id of the person's account.
        kind: The category of the operation.
        outcome: How the operation ended.
        object: A part of the name or id of the changed object.
        text: A text to find in the entry's text, object, person, client, operation or details. Upper and lower case are
            equal.
        start, end: The earliest and the latest time (epoch ms), both inclusive.
    """

    person: str | None = None
    kind: AuditKind | None = None
    outcome: AuditOutcome | None = None
    object: str | None = None
    text: str | None = None
    start: int | None = None
    end: int | None = None
