"""Validate the value of a command, and determine which reported values confirm the command."""

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
    """Return the device's description of the command ``name``. ``commands`` has all descriptions by name.

    Raises:
        Invalid: The device has no such command.
        Conflict: The device's description of the command is invalid, or has no topic.
    """
    described = commands.get(name)
    if described is None:
        known = ", ".join(sorted(commands)[:20])
        raise Invalid(
            f"The device has no command {name[:64]!r}.",
            f"Its commands: {known}." if known else "It announced no commands.",
        )
    try:
        found = msgspec.convert(described, CommandDescriptor)
    except msgspec.ValidationError as error:
        raise Conflict(f"The device's description of the command {name!r} is invalid: {error}.") from None
    if not found.topic:
        raise Conflict(f"The topic for the command {name!r} is not known.", "The device has to announce it again.")
    return found


def validate_value(command: CommandDescriptor, value: Any) -> Any:
    """Return the value to send. Raises Invalid, with a message that says what is allowed."""
    return _validate(command, value, "The value", 0)


def _validate(allowed: CommandDescriptor, value: Any, what: str, depth: int) -> Any:
    match allowed.type:
        case "boolean" if isinstance(value, bool):
            return value
        case "boolean":
            raise Invalid(f"{what} must be true or false.")
        case "number":
            return _number(allowed, value, what)
        case "enum":
            if value not in allowed.values:
                raise Invalid(f"{what} must be one of: {', '.join(allowed.values[:64])}.")
            return value
        case "text":
            if not isinstance(value, str) or len(value) > MAX_TEXT:
                raise Invalid(f"{what} must be a text of at most {MAX_TEXT} characters.")
            return value
        case "none":
            if value not in (None, True):
                raise Invalid("This command has no value.", "Send null or true.")
            return None
        case "object":
            return _object(allowed, value, what, depth)
        case "list":
            if not isinstance(value, list) or len(value) > MAX_ITEMS:
                raise Invalid(f"{what} must be a list of at most {MAX_ITEMS} items.")
            items = _part(allowed.items, depth)
            return [_validate(items, item, f"Item {i} of the value", depth + 1) for i, item in enumerate(value)]


def _number(allowed: CommandDescriptor, value: Any, what: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Invalid(f"{what} must be a number.")
    low, high = allowed.minimum, allowed.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        minimum, maximum = (
            "no limit" if low is None else fmt.limit(low),
            "no limit" if high is None else fmt.limit(high),
        )
        raise Invalid(f"{what} must be from {minimum} to {maximum}.")
    if allowed.step and allowed.step > 0:
        steps = (value - (low or 0.0)) / allowed.step
        if not math.isfinite(steps) or abs(steps - round(steps)) > 1e-6 * max(1.0, abs(steps)):
            raise Invalid(f"{what} must be in steps of {fmt.limit(allowed.step)} from {fmt.limit(low or 0)}.")
    return value


def _object(allowed: CommandDescriptor, value: Any, what: str, depth: int) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > MAX_ITEMS:
        raise Invalid(f"{what} must be an object with at most {MAX_ITEMS} keys.")
    if not allowed.properties:
        return value
    unknown = [str(key)[:64] for key in value if key not in allowed.properties]
    if unknown or not value:
        known = ", ".join(sorted(allowed.properties))
        problem = f"{what} has an unknown key {unknown[0]!r}." if unknown else f"{what} is empty."
        raise Invalid(problem, f"Its keys: {known}.")
    return {
        key: _validate(_part(allowed.properties[key], depth), part, f"{key[:64]!r}", depth + 1)
        for key, part in value.items()
    }


def _part(described: dict[str, Any], depth: int) -> CommandDescriptor:
    if depth >= MAX_DEPTH:
        raise Invalid(f"The value is nested more than {MAX_DEPTH} levels deep.")
    try:
        return msgspec.convert(described, CommandDescriptor)
    except msgspec.ValidationError:
        raise Conflict("The device's description of a part of this command is invalid.") from None


def wanted(command: CommandDescriptor, value: Any) -> dict[str, tuple[Value, ...]]:
    """Return the metrics that confirm a command when the device reports them, each with the accepted values.

    ``value`` is the value of the command. The result is empty if no metric can confirm the command.
    """
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
    """Return how far the number that a device reports may be from the number that was sent.

    Devices round numbers to their own steps.
    """
    if command.step:
        return command.step / 2
    if command.minimum is not None and command.maximum is not None:
        return (command.maximum - command.minimum) / 200
    return 1e-6


def reached(wants: Mapping[str, tuple[Value, ...]], reported: Mapping[str, Any], tolerance: float) -> bool:
    """Return True if a device has reported an accepted value for every metric in ``wants``.

    ``wants`` has the accepted values by metric, ``reported`` the reported value by metric. Numbers may differ by
    ``tolerance``. If ``wants`` is empty, return False.
    """
    return bool(wants) and all(
        metric in reported and any(_equal(reported[metric], value, tolerance) for value in values)
        for metric, values in wants.items()
    )


def _equal(reported: Any, value: Value, tolerance: float) -> bool:
    if isinstance(reported, bool) or isinstance(value, bool):
        return reported is value
    if isinstance(reported, int | float) and isinstance(value, int | float):
        return abs(reported - value) <= tolerance * (1 + 1e-9)
    if isinstance(reported, str) and isinstance(value, str):
        return reported.casefold() == value.casefold()
    return False
