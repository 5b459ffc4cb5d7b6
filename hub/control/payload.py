"""Encode commands as payloads. The description of a command names one of these encodings.

============= =======================================================================================================
``native``     ``{"id", "arguments", "expires"}``: the device replies with the id and refuses a command that came late
``json``       ``{property: value}`` and the fields of the option ``with``; without a property the value alone
``text``       the value as text
``template``   the device's own template (the option ``template``), rendered with ``value``
``json-rpc``   ``{"id", "src", "method", "params"}``; the options have ``method``, ``src`` and fixed ``params``
``sparkplug``  a payload with one metric; the options have its ``datatype`` and ``alias``
============= =======================================================================================================
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import msgspec

from hub.dialects import fill
from hub.dialects.sparkplug import wire
from hub.errors import Conflict, Invalid, Rejected
from hub.model import Command, CommandDescriptor

Encoder = Callable[[CommandDescriptor, Command], bytes]
_json = msgspec.json.encode


def encode(descriptor: CommandDescriptor, command: Command) -> bytes:
    """Return the payload of a command.

    Raises:
        Conflict: The encoding is not supported, or the device's template is invalid.
        Invalid: The value cannot be encoded, such as 1e300 as a 32-bit float.
    """
    encoder = ENCODERS.get(descriptor.encoding)
    if encoder is None:
        raise Conflict(f"This hub does not support the command encoding {descriptor.encoding[:64]!r}.")
    try:
        return encoder(descriptor, command)
    except (ArithmeticError, LookupError, TypeError, ValueError, msgspec.MsgspecError, struct.error) as error:
        raise Invalid(f"The value cannot be encoded for the device ({type(error).__name__}).") from error


def _native(descriptor: CommandDescriptor, command: Command) -> bytes:
    return _json({"id": command.id, "arguments": command.value, "expires": command.expires_at})


def _object(descriptor: CommandDescriptor, command: Command) -> bytes:
    value = wire_value(descriptor, command.value)
    if descriptor.property is None:
        return _json(value)
    return _json({**descriptor.options.get("with", {}), descriptor.property: value})


def _text(descriptor: CommandDescriptor, command: Command) -> bytes:
    value = wire_value(descriptor, command.value)
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return (value if isinstance(value, str) else _json(value).decode()).encode()


def _template(descriptor: CommandDescriptor, command: Command) -> bytes:
    value = wire_value(descriptor, command.value)
    try:
        return fill(str(descriptor.options.get("template", "")), value).encode()
    except Rejected as error:
        raise Conflict(f"The device's template for this command cannot be used: {error.message}") from error


def _rpc(descriptor: CommandDescriptor, command: Command) -> bytes:
    options = descriptor.options
    params = dict(options.get("params", {}))
    if descriptor.property is not None:
        params[descriptor.property] = wire_value(descriptor, command.value)
    elif isinstance(command.value, dict):
        params |= command.value
    return _json(
        {"id": command.id, "src": options.get("src", ""), "method": options.get("method", ""), "params": params}
    )


def _sparkplug(descriptor: CommandDescriptor, command: Command) -> bytes:
    options, value = descriptor.options, wire_value(descriptor, command.value)
    name, ts = descriptor.property or "", command.sent_at or command.created_at
    return wire.command(name, options.get("alias"), options["datatype"], value, ts)


def wire_value(descriptor: CommandDescriptor, value: Any) -> Any:
    """Return the value in the form in which the device expects it.

    A boolean becomes the text that the device uses for on or off, if there is one. If the command has no value, the
    result is its fixed payload.
    """
    if descriptor.type == "none":
        return descriptor.payload or ""
    if isinstance(value, bool):
        word = descriptor.on if value else descriptor.off
        return value if word is None else word
    if isinstance(value, dict) and descriptor.properties:
        return {key: wire_value(_part(descriptor.properties[key]), part) for key, part in value.items()}
    return value


def _part(described: dict[str, Any]) -> CommandDescriptor:
    return msgspec.convert(described, CommandDescriptor)


ENCODERS: dict[str, Encoder] = {
    "native": _native,
    "json": _object,
    "text": _text,
    "template": _template,
    "json-rpc": _rpc,
    "sparkplug": _sparkplug,
}
