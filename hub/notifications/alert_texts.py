"""Write the message of an alert in the language and the units of a person, from the key and parameters in the alert.

Notifications and answers of the built-in analyst use these texts. The dashboard writes the same texts
(``web/src/texts/hubMessages.ts``), but does not convert units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hub import text_format as fmt
from hub.model import Alert, Breach
from hub.notifications.locales import MessageLocale, UnitConversion
from hub.rules import KINDS
from hub.runtime.translations import Translation, translation

_VALUES = frozenset(("above", "below", "clear", "low", "high", "value"))
_DIFFERENCES = frozenset(("hysteresis", "by", "tolerance"))


def alert_text(alert: Alert, locale: MessageLocale) -> str:
    """Return the message of an alert in a language and units.

    If the alert has no parameters, or an older version of the hub stored them, return its English message.
    """
    words, params = translation(locale.language), alert.message_params
    conversion = locale.conversion(params.get("unit"))
    if words is None and conversion is None:
        return alert.message
    try:
        kind, params = str(alert.message_key), params if conversion is None else _converted(alert, conversion)
        if words is None:  # the values in joined conditions are not converted
            return alert.message if "conditions" in params["condition"] else _english(alert, kind, params)
        with fmt.decimal_comma(wanted=True):
            return _AlertWriter(words, alert.metric).text(kind, params) or alert.message
    except (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError):
        return alert.message


def limit_text(alert: Alert, locale: MessageLocale) -> str | None:
    """Return the limit of an alert in a language and units, such as ``80 °C``.

    If the rule has no single limit, return its condition as text: ``supply minus return above 5 °C``. Return None if an
    older version of the hub stored the alert, without its condition.
    """
    if alert.threshold is not None:
        return locale.quantity(alert.threshold, alert.unit)
    words, params = translation(locale.language), alert.message_params
    conversion = locale.conversion(params.get("unit"))
    try:
        kind, params = str(alert.message_key), params if conversion is None else _converted(alert, conversion)
        metric, unit = alert.metric or "", params["unit"]
        if words is not None:
            with fmt.decimal_comma(wanted=True):
                return _AlertWriter(words, alert.metric).describe(kind, params["condition"], params["name"] or "", unit)
        text = msgspec.convert(params["condition"], KINDS[kind]).describe(metric, unit)
        return text.replace(metric, fmt.in_sentence(params["name"]), 1) if metric and params["name"] else text
    except (KeyError, TypeError, ValueError, AttributeError, msgspec.MsgspecError):
        return None


def _english(alert: Alert, kind: str, params: Mapping[str, Any]) -> str:
    """Return the English message, written by the class of the rule's condition."""
    condition = msgspec.convert(params["condition"], KINDS[kind])
    metric = alert.metric or ""
    breach = Breach(metric, params["value"], params["unit"], params["device_class"], params["silent_ms"])
    text = condition.message(breach)
    if metric and params["name"]:
        text = text.replace(metric, fmt.in_sentence(params["name"]), 1)
    return f"{text} for {fmt.duration(params['for_ms'])}" if params["for_ms"] else text


def _converted(alert: Alert, conversion: UnitConversion) -> dict[str, Any]:
    """Return the message parameters of an alert with all values in the unit ``conversion.to``."""
    params = alert.message_params
    compared = alert.message_key == "compare"
    return {
        **params,
        "unit": conversion.to,
        "value": _number(params["value"], conversion.value),
        "condition": _converted_condition(params["condition"], conversion, compared=compared),
    }


def _converted_condition(condition: Mapping[str, Any], conversion: UnitConversion, *, compared: bool) -> dict[str, Any]:
    """Return a condition with its limits converted to another unit.

    ``compared`` is True if a limit applies to the difference of two values: then no offset is added, as between °C and
    °F.
    """
    changed = dict(condition)
    for name, value in condition.items():
        if name in _VALUES:
            changed[name] = _number(value, conversion.difference if compared else conversion.value)
        elif name in _DIFFERENCES:
            changed[name] = _number(value, conversion.difference)
        elif name == "steps":
            changed[name] = [_converted_condition(each, conversion, compared=compared) for each in value]
    return changed


def _number(value: Any, convert: Callable[[float], float]) -> Any:
    return convert(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class _AlertWriter:
    """Writes the message of an alert in one language. ``metric`` is the alert's metric."""

    def __init__(self, words: Translation, metric: str | None) -> None:
        self._words = words
        self._metric = metric

    def _say(self, key: str, **values: object) -> str:
        return self._words.alert[key].format(**values)

    def text(self, kind: str, params: Mapping[str, Any]) -> str | None:
        """Return the message of an alert from the kind of its condition, such as ``threshold``, and its parameters.

        Return None if an older version of the hub stored the parameters, and some are missing.
        """
        text = self._text(kind, params)
        return None if text is None else self._held(text, params["for_ms"])

    def _text(self, kind: str, params: Mapping[str, Any]) -> str | None:
        condition, name, unit, value = params["condition"], params["name"] or "", params["unit"], params["value"]
        if kind == "no_data":
            time = fmt.duration(params["silent_ms"])
            return self._say("notReported", metric=name, time=time) if name else self._say("noData", time=time)
        if kind == "equals" and (word := self._words.states.word(value, params["device_class"])) is not None:
            return f"{name}: {word}"
        joined = "conditions" in condition
        if not name and not joined:
            return None
        if (state := self._state(kind, condition, name, params["device_class"])) is not None:
            return state
        if joined or value is None or kind == "equals":
            return self.describe(kind, condition, name, unit)
        return f"{name} {_reading(value, unit, condition)}, {self._rest(kind, condition, unit)}"

    def describe(self, kind: str, condition: Mapping[str, Any], metric: str, unit: str | None) -> str:
        """Return the condition of a rule as text."""
        if kind == "no_data":
            if (missed := condition.get("missed")) is not None:
                return self._say("missed", intervals=fmt.limit(missed))
            time = fmt.duration(condition["silence_ms"])
            return self._say("notReported", metric=metric, time=time) if metric else self._say("noData", time=time)
        if (state := self._state(kind, condition, metric, None)) is not None:
            return state
        if "conditions" not in condition:
            return f"{metric} {self._rest(kind, condition, unit)}"
        parts = [self._part(each) for each in condition["conditions"]]
        text = self._words.alert["and" if kind == "all" else "or"].join(parts)
        return self._say("not", text=text) if kind == "not" else text

    def _state(self, kind: str, condition: Mapping[str, Any], metric: str, device_class: str | None) -> str | None:
        """Return the text of a condition on a state, such as "Door: open"; None for other conditions."""
        if (
            kind not in ("equals", "count")
            or (word := self._words.states.word(condition["value"], device_class)) is None
        ):
            return None
        if kind == "equals":
            return f"{metric}: {word}"
        within = fmt.duration(condition["window_ms"])
        return f"{metric}: {word}, {self._say('often', times=condition['times'], within=within)}"

    def _part(self, part: Mapping[str, Any]) -> str:
        metric = part.get("metric") or str(part.get("quantity") or "").replace("_", " ")
        if (device := part.get("device")) is not None:
            metric = self._say("onDevice" if device else "onAnotherDevice", metric=metric, device=device)
        text = self.describe(part["kind"], part["condition"], metric, None)
        return f"({text})" if "conditions" in part["condition"] else self._held(text, part["for_ms"])

    def _rest(self, kind: str, condition: Mapping[str, Any], unit: str | None) -> str:
        """Return the text of a condition without the name of the metric, such as "above 80 °C".

        ``kind`` is the kind of the condition, ``condition`` has its fields, and ``unit`` is the unit of the metric.
        Raises KeyError for an unknown kind.
        """
        say = self._say
        match kind:
            case "threshold":
                return self._limits(condition, unit) + (say("ownLimit") if condition["device_limits"] else "")
            case "range":
                low, high = fmt.limit(condition["low"]), fmt.limit_quantity(condition["high"], unit)
                text = say("inside" if condition["inside"] else "outside", low=low, high=high)
                return text + (say("ownLimits") if condition["device_limits"] else "")
            case "compare":
                return f"{say('minus', other=self._other(condition))} {self._limits(condition, unit)}"
            case "equals":
                return say("is", value=fmt.exact_value(condition["value"], unit))
            case "rate":
                amount, within = fmt.limit_quantity(condition["by"], unit), fmt.duration(condition["window_ms"])
                return say("falls" if condition["falling"] else "rises", amount=amount, within=within)
            case "stuck":
                return say("stuck")
            case "anomaly":
                if (beyond := condition["beyond"]) is None:
                    return say(f"unusual{condition['sensitivity'].title()}")
                return say("beyond", percent=fmt.limit_quantity(round(100 * beyond), "%"))
            case "count":
                limits = condition["value"] is None
                counted = self._limits(condition, unit) if limits else self._rest("equals", condition, unit)
                within = fmt.duration(condition["window_ms"])
                return f"{counted}, {say('often', times=condition['times'], within=within)}"
        raise KeyError(kind)

    def _limits(self, condition: Mapping[str, Any], unit: str | None) -> str:
        side = "below" if condition["above"] is None else "above"
        return self._say(side, limit=fmt.limit_quantity(condition[side], unit))

    def _other(self, condition: Mapping[str, Any]) -> str:
        """Return the second value of a ``compare`` condition as text: a metric, another device or a median."""
        metric, device = condition["other"], condition["device"]
        same = metric in (self._metric, "")
        if device is not None:
            device = device or self._say("anotherDevice")
            return self._say("valueOf", device=device) if same else self._say("metricOf", metric=metric, device=device)
        if condition["area"]:
            return self._say("median") if same else self._say("medianOf", metric=metric)
        return str(metric)

    def _held(self, text: str, for_ms: int) -> str:
        return self._say("lasting", text=text, time=fmt.duration(for_ms)) if for_ms else text


def _reading(value: Any, unit: str | None, condition: Mapping[str, Any]) -> str:
    """Return the value as text, with enough digits to differ from the limit of the condition."""
    limit = condition.get("above") if condition.get("above") is not None else condition.get("below")
    if isinstance(value, bool | str) or (limit is not None and fmt.number(value, unit) == fmt.number(limit, unit)):
        return fmt.exact_value(value, unit)
    return fmt.quantity(value, unit)
