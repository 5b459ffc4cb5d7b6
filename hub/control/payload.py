"""How a command is written for the wire, by the name of its encoding. It knows no device and sends nothing.

============= ===================================================================================================
``native``     ``{"id", "arguments", "expires"}``: the device answers with the id and refuses what came too late
``json``       ``{property: value}`` beside what the option ``with`` holds; the bare value where no property is named
``text``       the value as a text
``template``   what the device's own template (the option ``template``) makes of ``value``
``json-rpc``   ``{"id", "src", "method", "params"}``: ``method``, ``src`` and fixed ``params`` stand in the options
``sparkplug``  a payload with one metric: its ``datatype`` and ``alias`` stand in the options
============= ===================================================================================================
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
    """Return the payload. Raises Conflict for an encoding that nobody here writes, Invalid for a value that does
    not fit it, such as 1e300 as a float of 32 bits."""
    encoder = ENCODERS.get(descriptor.encoding)
    if encoder is None:
        raise Conflict(f"Commands of the form {descriptor.encoding[:64]!r} cannot be sent by this hub.")
    try:
        return encoder(descriptor, command)
    except (ArithmeticError, LookupError, TypeError, ValueError, msgspec.MsgspecError, struct.error) as error:
        raise Invalid(f"The value cannot be written for the device ({type(error).__name__}).") from error


def _native(descriptor: CommandDescriptor, command: Command) -> bytes:
    return _json({"id": command.id, "arguments": command.value, "expires": command.expires_at})


def _object(descriptor: CommandDescriptor, command: Command) -> bytes:
    said = on_the_wire(descriptor, command.value)
    if descriptor.property is None:
        return _json(said)
    return _json({**descriptor.options.get("with", {}), descriptor.property: said})


def _text(descriptor: CommandDescriptor, command: Command) -> bytes:
    said = on_the_wire(descriptor, command.value)
    if isinstance(said, bool):
        return b"true" if said else b"false"
    if isinstance(said, float) and said.is_integer():
        said = int(said)
    return (said if isinstance(said, str) else _json(said).decode()).encode()


def _template(descriptor: CommandDescriptor, command: Command) -> bytes:
    said = on_the_wire(descriptor, command.value)
    try:
        return fill(str(descriptor.options.get("template", "")), said).encode()
    except Rejected as error:
        raise Conflict(f"The device's template for this command cannot be used: {error.message}") from error


def _rpc(descriptor: CommandDescriptor, command: Command) -> bytes:
    options = descriptor.options
    params = dict(options.get("params", {}))
    if descriptor.property is not None:
        params[descriptor.property] = on_the_wire(descriptor, command.value)
    elif isinstance(command.value, dict):
        params |= command.value
    return _json(
        {"id": command.id, "src": options.get("src", ""), "method": options.get("method", ""), "params": params}
    )


def _sparkplug(descriptor: CommandDescriptor, command: Command) -> bytes:
    options, said = descriptor.options, on_the_wire(descriptor, command.value)
    name, at = descriptor.property or "", command.sent_at or command.created_at
    return wire.command(name, options.get("alias"), options["datatype"], said, at)


def on_the_wire(descriptor: CommandDescriptor, value: Any) -> Any:
    """The value in the device's own words."""
    if descriptor.type == "none":
        return descriptor.payload or ""
    if isinstance(value, bool):
        word = descriptor.on if value else descriptor.off
        return value if word is None else word
    if isinstance(value, dict) and descriptor.properties:
        return {key: on_the_wire(_part(descriptor.properties[key]), part) for key, part in value.items()}
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
