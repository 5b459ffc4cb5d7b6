"""Request bodies for actions of people on alerts. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from hub.api.schemas.requests import Incoming, Note

Until = Annotated[int, Field(ge=0, le=2**53)]
AccountId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Comment = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
AlertId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
MAX_ALERTS = 200
"""The largest number of alerts in one bulk action."""


class Acknowledgement(Incoming):
    """An acknowledgement. It lasts until the time `until`; without `until`, it lasts until the alert is cleared."""

    note: Note | None = None
    until: Until | None = None


class Assignment(Incoming):
    """The account to assign an alert to. `GET /api/assignees` lists the accounts that can be assigned."""

    account_id: AccountId


class Muting(Incoming):
    """A mute. It lasts until the time `until`; without `until`, it lasts until the alert is cleared."""

    until: Until | None = None


class CommentText(Incoming):
    text: Comment


class Closing(Incoming):
    note: Note | None = None


class BulkAction(Incoming):
    """One action on several alerts.

    `note` is used by `acknowledge` and `close`, `until` by `acknowledge` and `mute`, `text` by `comment`, and
    `account_id` by `assign`. If `account_id` is null, the alerts are assigned to nobody.
    """

    alerts: list[AlertId] = Field(min_length=1, max_length=MAX_ALERTS, fail_fast=True)
    action: Literal["acknowledge", "unacknowledge", "assign", "mute", "unmute", "comment", "close"]
    note: Note | None = None
    until: Until | None = None
    text: Comment | None = None
    account_id: AccountId | None = None

    @model_validator(mode="after")
    def _complete(self) -> BulkAction:
        if (self.text is None) == (self.action == "comment"):
            raise ValueError("text is required for the action comment, and not allowed for other actions")
        return self
