"""The rules of the labelled day (:data:`RULES`), converted to rules of the hub and of Prometheus.

Both systems get rules of the same meaning, as far as they can express it:

- ``hold`` is ``for`` in both. ``clear_hold`` is ``clear_for`` of the hub and ``keep_firing_for`` of Prometheus.
- ``clear`` (hysteresis): the rule of Prometheus queries its own ``ALERTS``. So an alert that is firing continues while
  the value is between both limits.
- Two severities: the hub raises one alert, whose severity follows the value at once. Prometheus has two alerts, each
  with its own ``for``, and Alertmanager inhibits the less severe one.
- ``stuck``: Prometheus counts the changes in the window. It does so only if there was a value before the window and the
  device is not silent.
- ``rate``: ``increase`` in Prometheus extrapolates a counter to the edges of the window. The hub does not extrapolate.
- Prometheus evaluates its newest scraped values every 15 s. The hub evaluates each reading when it arrives.
- Silence is the age of the last message in both. A message of a device also counts as one of its gateway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import tomlkit

from benchmarks.labelled_day.devices import MODELS

MINUTE = 60.0
SILENCE = 5 * MINUTE
Kind = Literal["threshold", "range", "equals", "rate", "stuck", "compare", "all", "no_data"]


@dataclass(frozen=True)
class Rule:
    """A rule for the devices of ``models``. Times are simulated seconds.

    Attributes:
        above, below: The limit. ``clear`` is the value at which an alert ends.
        critical: The limit of the severity critical, and the value at which this severity ends.
        outside: The bounds of a range, with ``hysteresis``.
        by, within, counter: The metric falls by ``by`` within this time. If it is a counter, it rises by ``by``.
        other: The metric that is subtracted from ``metric``.
        hold: How long the condition must hold. For ``stuck`` and ``no_data``, the time without a change or message.
        clear_hold: How long the condition must be over before the alert ends.
    """

    id: str
    kind: Kind
    models: tuple[str, ...]
    metric: str = ""
    severity: str = "warning"
    above: float | None = None
    below: float | None = None
    clear: float | None = None
    critical: tuple[float, float] | None = None
    outside: tuple[float, float] | None = None
    hysteresis: float = 0
    by: float = 0
    within: float = 0
    counter: bool = False
    other: str = ""
    hold: float = 0
    clear_hold: float = 0


RULES = (
    Rule("pump-vibration", "threshold", ("pump",), "vibration", above=7.1, clear=6.5, critical=(11, 10), hold=180),
    Rule("pump-bearing", "threshold", ("pump",), "bearing_temperature", "critical", above=85, clear=80, hold=180),
    Rule("pump-flow-low", "all", ("pump",), "flow", below=25, clear=28, hold=180),
    Rule("cold-room-warm", "threshold", ("cold-room",), "temperature", above=8, clear=7, critical=(12, 11), hold=600),
    Rule("cold-room-door", "equals", ("cold-room",), "door", hold=600),
    Rule("air-filter", "threshold", ("air-handler",), "filter_pressure_drop", above=250, hold=300, clear_hold=300),
    Rule("air-supply", "range", ("air-handler",), "supply_temperature", outside=(14, 24), hysteresis=0.5, hold=300),
    Rule("tank-low", "threshold", ("tank",), "level", "critical", below=20, clear=23, hold=180),
    Rule("tank-falling", "rate", ("tank",), "level", by=10, within=600, hold=180),
    Rule("tank-stuck", "stuck", ("tank",), "level", hold=1_800),
    Rule("meter-stopped", "stuck", ("meter",), "energy", hold=1_800),
    Rule("meter-surge", "rate", ("meter",), "energy", by=8, within=900, counter=True, hold=180),
    Rule(
        "boiler-difference",
        "compare",
        ("boiler",),
        "flow_temperature",
        above=25,
        clear=22,
        other="return_temperature",
        hold=300,
    ),
    Rule("boiler-pressure", "threshold", ("boiler",), "pressure", "critical", below=0.8, hold=180),
    Rule("door-open", "equals", ("door",), "open", hold=900),
    Rule("silent", "no_data", tuple(name for name in (*MODELS, "sensor") if name != "gateway"), hold=SILENCE),
    Rule("gateway-silent", "no_data", ("gateway",), severity="critical", hold=180),
)
BY_ID = {rule.id: rule for rule in RULES}


# -- the hub -----------------------------------------------------------------------------------------------------------


def hub_rules(compress: float) -> str:
    """Return the text of ``rules.toml``."""
    return tomlkit.dumps({"rule": [_hub_rule(rule, compress) for rule in RULES]})


def _hub_rule(rule: Rule, compress: float) -> dict[str, Any]:
    table: dict[str, Any] = {"id": rule.id, "name": rule.id, "kind": rule.kind, "severity": rule.severity}
    table["models"] = list(rule.models)
    limits = {name: getattr(rule, name) for name in ("above", "below", "clear") if getattr(rule, name) is not None}
    if rule.kind == "all":
        flow = {"metric": rule.metric, **limits}
        table["conditions"] = [{"kind": "equals", "metric": "running", "value": True}, flow]
    elif rule.metric:
        table |= {"metric": rule.metric, **limits}
    if rule.critical:
        table["critical"] = {"above": rule.critical[0], "clear": rule.critical[1]}
    if rule.outside:
        table |= {"outside": list(rule.outside), "hysteresis": rule.hysteresis}
    if rule.kind == "equals":
        table["value"] = True
    if rule.kind == "rate":
        table |= {"by": rule.by, "within": _ms(rule.within, compress)}
        table["counter" if rule.counter else "falling"] = True
    if rule.other:
        table["with"] = rule.other
    if rule.hold:
        table["silence" if rule.kind == "no_data" else "for"] = _ms(rule.hold, compress)
    if rule.clear_hold:
        table["clear_for"] = _ms(rule.clear_hold, compress)
    return table


def _ms(seconds: float, compress: float) -> str:
    return f"{round(1_000 * seconds / compress)}ms"


# -- Prometheus --------------------------------------------------------------------------------------------------------


def prometheus_rules(compress: float) -> dict[str, Any]:
    """Return the contents of a file of alerting rules."""
    found = []
    for rule in RULES:
        if rule.critical:
            found.append(_alerting_rule(rule, "critical", *rule.critical, compress))
        found.append(_alerting_rule(rule, rule.severity, rule.above, rule.clear, compress))
    return {"groups": [{"name": "plant", "rules": found}]}


def _alerting_rule(
    rule: Rule, severity: str, above: float | None, clear: float | None, compress: float
) -> dict[str, Any]:
    firing = f'on(device) ALERTS{{alertname="{rule.id}",severity="{severity}",alertstate="firing"}}'
    found = {"alert": rule.id, "expr": _expression(rule, above, clear, firing, compress)}
    if rule.hold and rule.kind not in ("stuck", "no_data"):
        found["for"] = _ms(rule.hold, compress)
    if rule.clear_hold:
        found["keep_firing_for"] = _ms(rule.clear_hold, compress)
    return {**found, "labels": {"severity": severity}}


def _expression(rule: Rule, above: float | None, clear: float | None, firing: str, compress: float) -> str:
    """Return the condition of a rule in PromQL."""
    scope = f'{{model=~"{"|".join(rule.models)}"}}'
    value, within = rule.metric + scope, _ms(rule.within, compress)
    match rule.kind:
        case "equals":
            return f"{value} == 1"
        case "no_data":
            return f"time() - last_seen_timestamp_seconds{scope} > {rule.hold / compress}"
        case "stuck":
            lasting = _ms(rule.hold, compress)
            heard = f"time() - last_seen_timestamp_seconds{scope} < {SILENCE / compress}"
            return f"changes({value}[{lasting}]) == 0 and on(device) {value} offset {lasting} and on(device) ({heard})"
        case "rate" if rule.counter:
            return f"increase({value}[{within}]) > {rule.by}"
        case "rate":
            return f"max_over_time({value}[{within}]) - {value} > {rule.by}"
        case "range":
            assert rule.outside is not None
            low, high = rule.outside
            low_end, high_end = low + rule.hysteresis, high - rule.hysteresis
            near = f"({value} < {low_end} or {value} > {high_end})"
            return f"{value} < {low} or {value} > {high} or ({near} and {firing})"
    if rule.other:
        value = f"({value} - {rule.other}{scope})"
    sign, limit = (">", above) if above is not None else ("<", rule.below)
    beyond = f"{value} {sign} {limit}"
    if clear is not None:
        beyond = f"{beyond} or ({value} {sign} {clear} and {firing})"
    return f"({beyond}) and on(device) (running{scope} == 1)" if rule.kind == "all" else beyond
