"""The hub's own errors; those of other libraries are translated where the library is imported.

HubError                  something a person can act on: code, message, hint
  ConfigError             a setting or a rule is wrong: names the key, the value, what is allowed
  InUse                   the data directory or a port is held by somebody else
  NotFound                no such device, alert, ...
  Invalid                 a request's own fault
    TooLarge              more bytes than allowed
    WrongType             not a file of the kinds taken here
    NotInstalled          this hub lacks what it takes; the hint says how to get it
  Conflict                the thing is not in a state that allows this
  Forbidden               foreign Host or Origin, or no token
  Rejected                a message that a dialect cannot read (becomes a dead letter)
  BrokerError             the MQTT broker cannot be reached or refuses
    NotConnected          there is no connection: nothing was sent
    Unconfirmed           it was sent and not confirmed: it may have arrived all the same
  StoreError              the history cannot be read or written
    StoreBusy             locked or full for now: the same write may be tried again
    StoreCorrupt          the file is damaged
    StoreRefused          these values cannot be written, now or later
  TooBusy                 more is asked of the hub at once than it does at once
  WorkFailed              the worker process could not finish its job
  AiError                 a provider failed, timed out or answered nonsense
    AiBusy                it may work in a moment: a rate limit, a fault of its server, a connection that broke
    AiBudget              today's budget does not allow the call; nothing was sent
    AiUnavailable         no provider can serve the request
"""

from __future__ import annotations

from typing import ClassVar


class HubError(Exception):
    """The root. ``code`` is stable and machine-readable; ``message`` says what is wrong, ``hint`` what to do."""

    code: ClassVar[str] = "hub_error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigError(HubError):
    code = "config"


class InUse(HubError):
    code = "in_use"


class NotFound(HubError):
    code = "not_found"


class Invalid(HubError):
    code = "invalid"


class TooLarge(Invalid):
    code = "too_large"


class WrongType(Invalid):
    code = "wrong_type"


class NotInstalled(Invalid):
    code = "not_installed"


class Conflict(HubError):
    code = "conflict"


class Forbidden(HubError):
    code = "forbidden"


class Rejected(HubError):
    """``reason`` is the dead letter's stable word; ``sender`` is the device that has sent it, or empty."""

    code = "rejected"
    sender = ""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BrokerError(HubError):
    code = "broker"


class NotConnected(BrokerError):
    code = "not_connected"


class Unconfirmed(BrokerError):
    code = "unconfirmed"


class StoreError(HubError):
    code = "store"


class StoreBusy(StoreError):
    code = "store_busy"


class StoreCorrupt(StoreError):
    code = "store_corrupt"


class StoreRefused(StoreError):
    code = "store_refused"


class TooBusy(HubError):
    """``after_s`` is when it is worth to try again, where that is known."""

    code = "too_busy"

    def __init__(self, message: str, hint: str = "", after_s: float | None = None) -> None:
        super().__init__(message, hint)
        self.after_s = after_s


class WorkFailed(HubError):
    code = "work_failed"


class AiError(HubError):
    code = "ai"


class AiBusy(AiError):
    """``after_s`` is how long the server asked to be left alone, if it did."""

    code = "ai_busy"

    def __init__(self, message: str, hint: str = "", after_s: float | None = None) -> None:
        super().__init__(message, hint)
        self.after_s = after_s


class AiBudget(AiError):
    code = "ai_budget"


class AiUnavailable(AiError):
    code = "ai_unavailable"
