"""The JSON of rules and of ``rules.toml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import TypedDict

from hub.api.schemas.api_object import ApiObject
from hub.model import Severity
from hub.rules import KINDS

if TYPE_CHECKING:
    RuleKind = str
else:
    RuleKind = Literal[tuple(KINDS)]


class ScopeShape(ApiObject):
    devices: list[str]
    models: list[str]
    labels: list[str]


class RuleShape(ApiObject):
    """A rule in force.

    ``condition`` has the numbers of its kind: ``above below clear``, ``value``, ``by window_ms falling`` or
    ``silence_ms``. ``message_key`` (the kind) and ``message_params`` hold what ``text`` says, unformatted.
    """

    id: str
    name: str
    kind: RuleKind
    metric: str | None
    severity: Severity
    for_ms: int
    scope: ScopeShape
    condition: dict[str, Any]
    text: str
    message_key: str
    message_params: dict[str, Any]
    last_fired: int | None


class RuleList(TypedDict):
    items: list[RuleShape]


class RulesText(TypedDict):
    text: str
    revision: str


class RulePreview(TypedDict):
    """A rule as its ``[[rule]]`` table and as what it means. ``problem`` says why it would be refused; ``rule`` is null
    then."""

    text: str
    rule: RuleShape | None
    problem: str | None


class RulesChecked(TypedDict):
    """``problem`` says what is wrong with the text and what is allowed; there are no rules then."""

    items: list[RuleShape]
    problem: str | None
