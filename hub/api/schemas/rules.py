"""Objects of rules that the API returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

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
    areas: list[str]
    via: list[str]


class RuleShape(ApiObject):
    """An active rule.

    - `metric`: a name or a pattern; the metric of the first condition if the rule joins several
    - `quantity`: for a rule on all metrics that measure this quantity; `metric` is then null. Both are null for a rule
      on the whole device
    - `condition`: its keys depend on `kind`
    - `schedule`: the hours in which the rule is evaluated, such as `mon-fri 08:00-18:00`; empty if it is always
      evaluated
    - `text`: a sentence that describes the rule
    - `message_key`, `message_params`: the key of that sentence (the kind of rule), and the values in it
    """

    id: str
    name: str
    kind: RuleKind
    metric: str | None
    quantity: str | None
    severity: Severity
    for_ms: int
    clear_for_ms: int
    scope: ScopeShape
    schedule: list[str]
    time_zone: str | None
    condition: dict[str, Any]
    text: str
    message_key: str
    message_params: dict[str, Any]
    last_fired: int | None


class RuleList(ApiObject):
    items: list[RuleShape]


class RulesText(ApiObject):
    text: str
    revision: str


class RulesSaved(ApiObject):
    """The new text of `rules.toml`. `warnings` name things that the changed rules refer to and that do not exist."""

    text: str
    revision: str
    warnings: list[str]


class RulePreview(ApiObject):
    """A draft of a rule as a `[[rule]]` table (`text`) and as a parsed `rule`.

    If the draft is invalid, `problem` says why, and `rule` is null. `warnings` name the areas, devices, models, labels
    and gateways that a valid rule refers to and that do not exist.
    """

    text: str
    rule: RuleShape | None
    problem: str | None
    devices: int
    warnings: list[str]


class RuleFromWordsShape(ApiObject):
    """A draft made from a sentence. `text`, `rule` and `problem` are as in `RulePreview`.

    - `missing`: keys that the rule needs and the sentence does not give
    - `unknown`: words that were not understood
    - `model`: the language model that drafted the rule; null if the hub's own parser did
    """

    text: str
    rule: RuleShape | None
    problem: str | None
    missing: list[str]
    unknown: list[str]
    model: str | None


class RulesChecked(ApiObject):
    """Result of checking a rules file.

    If it is invalid, `problem` says why and what is allowed, and `items` is empty.
    """

    items: list[RuleShape]
    problem: str | None
