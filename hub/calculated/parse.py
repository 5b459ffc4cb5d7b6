"""Parse ``calculated.toml``. Every error names the metric, the key, the wrong value and what is allowed."""

from __future__ import annotations

import re
from typing import Any

from hub.calculated.expression import InvalidExpression, parse_expression
from hub.calculated.nodes import Own, parts
from hub.calculated.order import cycle
from hub.errors import ConfigError
from hub.model import CalculatedMetric, Scope
from hub.rules.fields import InvalidField, read_duration, read_scope, read_tables, read_text, shortened

FILE = "calculated.toml"
MAX_METRICS = 200
"""Maximum number of definitions in a file."""
MIN_EVERY_MS, MAX_EVERY_MS = 1_000, 86_400_000
MAX_UNIT = 32
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DEVICE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_METRIC = re.compile(r"[^\s/+#*?\x00-\x1f][^/+#*?\x00-\x1f]{0,127}")
_KEYS = ("id", "name", "metric", "expression", "unit", "device", "every", "max_age", *Scope.__struct_fields__)


def parse(text: str) -> list[CalculatedMetric]:
    """Return all definitions of a file, in the order of the file. Raises ConfigError for the first fault."""
    found, faults = parse_usable(text)
    if faults:
        raise faults[0]
    return found


def parse_usable(text: str) -> tuple[list[CalculatedMetric], list[ConfigError]]:
    """Return the usable definitions of a file, and one error for each of its other definitions.

    Raises ConfigError if the text is not TOML.
    """
    tables = read_tables(text, "calculated", FILE, MAX_METRICS)
    found: dict[str, CalculatedMetric] = {}
    faults: list[ConfigError] = []
    for index, table in enumerate(tables, 1):
        name = shortened(table["id"]) if "id" in table else str(index)
        try:
            definition = _definition(table)
        except InvalidField as error:
            faults.append(ConfigError(f"{FILE}, metric {name}: {error.problem}", error.hint))
            continue
        except InvalidExpression as error:
            faults.append(ConfigError(f"{FILE}, metric {name}: expression: {error.problem}", error.hint))
            continue
        if definition.id in found:
            faults.append(ConfigError(f"{FILE}: The id {name} is used twice.", "Give each metric an id of its own."))
        elif path := cycle([*found.values(), definition]):
            problem = f"{FILE}, metric {name}: it would be calculated from itself ({' from '.join(path)})."
            faults.append(ConfigError(problem, "Give the metric another name, or read other metrics."))
        else:
            found[definition.id] = definition
    return list(found.values()), faults


def _definition(table: dict[str, Any]) -> CalculatedMetric:
    for key in table:
        if key not in _KEYS:
            raise InvalidField(key, table[key], f"only {', '.join(_KEYS)}")
    name = table.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise InvalidField("id", name, "1 to 64 letters, digits, dots, dashes or underscores")
    metric, device = table.get("metric"), table.get("device")
    if not isinstance(metric, str) or not _METRIC.fullmatch(metric):
        raise InvalidField("metric", metric, "1 to 128 characters without / + # * ?")
    if device is not None and (not isinstance(device, str) or not _DEVICE.fullmatch(device)):
        raise InvalidField("device", device, "1 to 128 letters, digits, dots, colons, dashes or underscores")
    unit = table.get("unit")
    if unit is not None and (not isinstance(unit, str) or not unit.strip() or len(unit) > MAX_UNIT):
        raise InvalidField("unit", unit, f"a text of at most {MAX_UNIT} characters")
    expression = table.get("expression")
    if not isinstance(expression, str):
        raise InvalidField("expression", expression, 'a text such as "flow * (supply - return_temperature)"')
    scope = read_scope(table)
    if device is not None and scope != Scope():
        raise InvalidField("device", device, "either device, or some of devices, models, labels, areas, via")
    if device is None and not any(isinstance(each, Own) for each in parts(parse_expression(expression))):
        raise InvalidField(
            "device", None, "the device that gets the result: the expression reads none of its own metrics"
        )
    every = read_duration(table.get("every", 10), "every")
    if not MIN_EVERY_MS <= every <= MAX_EVERY_MS:
        raise InvalidField("every", table["every"], '"1s" to "24h"')
    return CalculatedMetric(
        id=name,
        name=read_text(table.get("name", name), "name", "a text that is not empty"),
        metric=metric,
        expression=expression,
        unit=unit,
        device=device,
        scope=scope,
        every_ms=every,
        max_age_ms=read_duration(table.get("max_age", 0), "max_age"),
    )
