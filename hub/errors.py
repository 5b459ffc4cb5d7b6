"""The hub's own errors. Errors of other libraries are translated where the library is imported.

HubError                  an error with a code, a message and a hint that says what to do
  ConfigError             a setting or a rule is invalid: names the key, the value and what is allowed
  InUse                   another process uses the data directory or the port
  NotFound                no such device, alert, ...
  Invalid                 a request is invalid
    TooLarge              more bytes than allowed
    WrongType             a file type that is not supported
    UnknownModel          a request names a language model that is not configured
    NotInstalled          an optional package is missing; the hint says how to install it
  Conflict                the current state does not allow the request
  Forbidden               foreign Host or Origin header, or no valid token
  SignInUnavailable       a provider of sign-ins cannot be reached, or its answer is not valid
  Rejected                a message cannot be decoded (it is kept as a rejected message)
  BrokerError             the MQTT broker cannot be reached or refuses
    NotConnected          there is no connection: nothing was sent
    Unconfirmed           the message was sent but not confirmed: it may have arrived
  StoreError              the history cannot be read or written
    StoreBusy             locked, or the disk is full: the same write may succeed later
    StoreCorrupt          the file is damaged
    StoreRefused          the values cannot be written, now or later
  TooBusy                 more concurrent requests than the hub allows
  WorkFailed              a worker process could not finish its job
  AiError                 a language model provider failed, timed out or sent an invalid reply
    AiBusy                temporary: a rate limit, a server error, a broken connection
    AiBudget              today's token budget does not allow the call; nothing was sent
    AiUnavailable         no provider can serve the request
"""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

RejectionReason = Literal[
    "bad_name",
    "bad_template",
    "bad_time",
    "bad_topic",
    "bad_value",
    "before_birth",
    "decoder_fault",
    "no_device",
    "no_dialect",
    "not_json",
    "not_protobuf",
    "not_storable",
    "not_utf8",
    "template_failed",
    "too_deep",
    "too_large",
    "too_many_devices",
    "too_many_metrics",
    "topic_taken",
    "unknown_device",
    "wrong_device",
    "wrong_type",
]
"""Why a message is rejected, for programs and translations. The words are stored, so their meaning never changes."""
REJECTION_REASONS: tuple[RejectionReason, ...] = get_args(RejectionReason)


class HubError(Exception):
    """Base class of the hub's errors.

    ``code`` is for programs and never changes. ``message`` says what is wrong, and ``hint`` says what to do.
    """

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


class UnknownModel(Invalid):
    code = "unknown_model"


class WrongType(Invalid):
    code = "wrong_type"


class NotInstalled(Invalid):
    code = "not_installed"


class Conflict(HubError):
    code = "conflict"


class Forbidden(HubError):
    code = "forbidden"


class SignInUnavailable(HubError):
    code = "sign_in_unavailable"


class Rejected(HubError):
    """Raised for a message that cannot be decoded.

    ``reason`` is a fixed word for the problem. ``sender`` is the id of the device that sent the message, empty if
    unknown.
    """

    code = "rejected"
    sender = ""

    def __init__(self, reason: RejectionReason, message: str) -> None:
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
    """The hub does too much work at once. A retry may succeed after ``after_s`` seconds; None: not known."""

    code = "too_busy"

    def __init__(self, message: str, hint: str = "", after_s: float | None = None) -> None:
        super().__init__(message, hint)
        self.after_s = after_s


class WorkFailed(HubError):
    code = "work_failed"


class AiError(HubError):
    code = "ai"


class AiBusy(AiError):
    """A temporary error of a language model provider.

    ``after_s`` is the wait in seconds that the provider asked for (``Retry-After``); None if it asked for none.
    """

    code = "ai_busy"

    def __init__(self, message: str, hint: str = "", after_s: float | None = None) -> None:
        super().__init__(message, hint)
        self.after_s = after_s


class AiBudget(AiError):
    code = "ai_budget"


class AiUnavailable(AiError):
    code = "ai_unavailable"
