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
    """An active rule. The keys of `condition` depend on `kind`.

    `metric` is a name or a pattern; of a rule that joins conditions, it is the metric of the first one. A rule on all
    metrics of a quantity has `quantity` instead. Both are null for a rule on the whole device. `schedule` has the hours
    in which the rule is evaluated, such as `mon-fri 08:00-18:00`; it is empty for always. `text` is a sentence that
    describes the rule. `message_key` (the kind) and `message_params` are its contents, unformatted.
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
    """The new text of `rules.toml`. `warnings` says what the changed rules name and does not exist."""

    text: str
    revision: str
    warnings: list[str]


class RulePreview(ApiObject):
    """A draft as `[[rule]]` table and as parsed rule. If it is invalid, `problem` says why, and `rule` is null.

    `warnings` says what a valid rule names and does not exist: areas, devices, models, labels, gateways.
    """

    text: str
    rule: RuleShape | None
    problem: str | None
    devices: int
    warnings: list[str]


class RuleFromWordsShape(ApiObject):
    """A draft from a sentence, as `RulePreview` has it.

    - `missing`: keys that the rule needs and the sentence does not give
    - `unknown`: words that were not understood
    - `model`: the language model that drafted it; null for the grammar
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
