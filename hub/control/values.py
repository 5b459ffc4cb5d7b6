"""Whether a value fits a command, and how the device's own report of it would look. It knows no topic and no wire."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from hub import text_format as fmt
from hub.errors import Conflict, Invalid
from hub.model import CommandDescriptor, Value

MAX_TEXT = 1_024
MAX_ITEMS = 256
MAX_DEPTH = 4


def descriptor(commands: Mapping[str, Mapping[str, Any]], name: str) -> CommandDescriptor:
    """The description of the command ``name``. Raises Invalid for one that the device does not take, Conflict for
    one that it describes in a way nobody understands."""
    described = commands.get(name)
    if described is None:
        known = ", ".join(sorted(commands)[:20])
        raise Invalid(
            f"The device takes no command {name[:64]!r}.",
            f"It takes: {known}." if known else "It has not said that it takes any.",
        )
    try:
        found = msgspec.convert(described, CommandDescriptor)
    except msgspec.ValidationError as error:
        raise Conflict(f"The device describes {name!r} in a way that cannot be used: {error}.") from None
    if not found.topic:
        raise Conflict(f"Where {name!r} is to be sent is not known.", "The device has to announce it again.")
    return found


def fitting(command: CommandDescriptor, value: Any) -> Any:
    """The value as it will be sent. Raises Invalid that says what would fit."""
    return _fitting(command, value, "The value", 0)


def _fitting(wants: CommandDescriptor, value: Any, what: str, depth: int) -> Any:
    match wants.type:
        case "boolean" if isinstance(value, bool):
            return value
        case "boolean":
            raise Invalid(f"{what} must be true or false.")
        case "number":
            return _number(wants, value, what)
        case "enum":
            if value not in wants.values:
                raise Invalid(f"{what} must be one of: {', '.join(wants.values[:64])}.")
            return value
        case "text":
            if not isinstance(value, str) or len(value) > MAX_TEXT:
                raise Invalid(f"{what} must be a text of at most {MAX_TEXT} characters.")
            return value
        case "none":
            if value not in (None, True):
                raise Invalid("This command takes no value.")
            return None
        case "object":
            return _object(wants, value, what, depth)
        case "list":
            if not isinstance(value, list) or len(value) > MAX_ITEMS:
                raise Invalid(f"{what} must be a list of at most {MAX_ITEMS} items.")
            inner = _part(wants.items, depth)
            return [_fitting(inner, item, f"Item {i} of the value", depth + 1) for i, item in enumerate(value)]


def _number(wants: CommandDescriptor, value: Any, what: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Invalid(f"{what} must be a number.")
    low, high = wants.minimum, wants.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        least, most = "no limit" if low is None else fmt.limit(low), "no limit" if high is None else fmt.limit(high)
        raise Invalid(f"{what} must be from {least} to {most}.")
    if wants.step and wants.step > 0:
        steps = (value - (low or 0.0)) / wants.step
        if not math.isfinite(steps) or abs(steps - round(steps)) > 1e-6 * max(1.0, abs(steps)):
            raise Invalid(f"{what} must be in steps of {fmt.limit(wants.step)} from {fmt.limit(low or 0)}.")
    return value


def _object(wants: CommandDescriptor, value: Any, what: str, depth: int) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > MAX_ITEMS:
        raise Invalid(f"{what} must be an object.")
    if not wants.properties:
        return value
    unknown = [str(key)[:64] for key in value if key not in wants.properties]
    if unknown or not value:
        known = ", ".join(sorted(wants.properties))
        raise Invalid(f"{what} has no part {unknown[0]!r}." if unknown else f"{what} is empty.", f"Known are: {known}.")
    return {
        key: _fitting(_part(wants.properties[key], depth), part, f"{key[:64]!r}", depth + 1)
        for key, part in value.items()
    }


def _part(described: dict[str, Any], depth: int) -> CommandDescriptor:
    if depth >= MAX_DEPTH:
        raise Invalid("The value is nested too deeply.")
    try:
        return msgspec.convert(described, CommandDescriptor)
    except msgspec.ValidationError:
        raise Conflict("The device describes a part of this command in a way that cannot be used.") from None


def wanted(command: CommandDescriptor, value: Any) -> dict[str, tuple[Value, ...]]:
    """Which metrics will show that ``value`` was reached, each with the values that say so; empty: none can."""
    metric = command.confirm_by
    if metric is None:
        return {}
    if isinstance(value, dict):
        return {f"{metric}.{key}": (part,) for key, part in value.items() if isinstance(part, str | int | float)}
    if isinstance(value, bool):
        word = command.on if value else command.off
        return {metric: (value,) if word is None or word == value else (value, word)}
    return {metric: (value,)} if isinstance(value, str | int | float) else {}


def tolerance(command: CommandDescriptor) -> float:
    """How far a reported number may be from the one that was wanted: devices round to their own steps."""
    if command.step:
        return command.step / 2
    if command.minimum is not None and command.maximum is not None:
        return (command.maximum - command.minimum) / 200
    return 1e-6


def reached(wants: Mapping[str, tuple[Value, ...]], reported: Mapping[str, Any], tolerance: float) -> bool:
    """Whether all that was wanted is reported. Nothing wanted is never reached."""
    return bool(wants) and all(
        metric in reported and any(_same(reported[metric], value, tolerance) for value in values)
        for metric, values in wants.items()
    )


def _same(reported: Any, value: Value, tolerance: float) -> bool:
    if isinstance(reported, bool) or isinstance(value, bool):
        return reported is value
    if isinstance(reported, int | float) and isinstance(value, int | float):
        return abs(reported - value) <= tolerance * (1 + 1e-9)
    if isinstance(reported, str) and isinstance(value, str):
        return reported.casefold() == value.casefold()
    return False
