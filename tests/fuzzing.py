"""Hostile messages and requests, generated from a seed: the same seed gives the same cases.

``python tests/fuzzing.py SEED COUNT`` prints messages. They are messages of real devices (``tests/vectors``) and of
the native dialect with invalid values in some places, and random bytes.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1])]

from conformance import MAKE, vectors

DEVICES = ("pump", "lamp", "x", ".", "..", "a b", "é", "~", "%2e%2e", "x" * 200)
KINDS = ("telemetry", "telemetry", "telemetry", "info", "desired", "reported", "replies", "status", "telemetry/t")
COMMANDS = {
    "number": {"type": "number", "minimum": -1e9, "maximum": 1e9, "step": 1e-300},
    "text": {"type": "text"},
    "on": {"type": "boolean", "on": 1, "off": 0},
    "mode": {"type": "enum", "values": ["a", "b"]},
    "set": {"properties": {"level": {"type": "number"}, "more": {"type": "object"}, "all": {"type": "list"}}},
}
FIELDS = ("ts", "seq", "id", "device_id", "metrics", "t", "temperature", "name", "labels", "units", "limits",
          "commands", "titles", "status", "error", "result", "", "a.b", "k" * 2_000, "\u0000")  # fmt: skip


class Message(NamedTuple):
    topic: str
    payload: bytes
    retained: bool


class Call(NamedTuple):
    """HTTP request with its body as text."""

    method: str
    path: str
    body: str | None


# -- values, as JSON text because Python values cannot express all of them ------------------------------------------

_NUMBERS = (
    "0", "-0", "-0.0", "1e-400", "5e-324", "1.7976931348623157e308", "-1e308", "1e309", "1E+999999",
    "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551615",
    "18446744073709551616", "4294967296", "1e26", "100000000000000000000000000", "9" * 40, "9" * 400, "-" + "9" * 400,
    "9" * 4_301, "0." + "0" * 400 + "1", "1e18",
    "2147483648", "253402300800000", "1e15", "NaN", "Infinity", "-Infinity", "01", "+1", "1.", ".5", "0x10", "1_000",
)  # fmt: skip
_TEXTS = (
    '""', '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\n\\u001b[31m"', '"' + "x" * 1_025 + '"',
    '"nan"', '"inf"', '"1e999"', '"' + "9" * 400 + '"', '"9999-12-31T23:59:59Z"', '"0001-01-01T00:00:00+23:59"',
    '"unknown"', '"online"', '"\u202e\u200b"', '"{{ 10 ** 9 }}"', '"../.."', '"#"', '"a/+/#"', '"true"',
    '"{\\"a\\": 1}"',
)  # fmt: skip


def _nested(rng: random.Random) -> str:
    depth = rng.choice((2, 31, 32, 33, 40, 984, 1_100, 5_000))
    if rng.random() < 0.5:
        return "[" * depth + rng.choice(("", "1")) + "]" * depth
    return '{"k":' * depth + "1" + "}" * depth


def _many(rng: random.Random) -> str:
    count = rng.choice((257, 257, 257, 257, 1_001, 11_000))
    if rng.random() < 0.5:
        return "[" + ",".join(["1"] * count) + "]"
    return "{" + ",".join(f'"k{number}":{number}' for number in range(count)) + "}"


def value(rng: random.Random, levels: int = 3) -> str:
    """Return a JSON value as text; most are hostile, some are invalid JSON."""
    turn = rng.random()
    if turn < 0.3:
        return rng.choice(_NUMBERS)
    if turn < 0.301:
        return '"' + "y" * 70_000 + '"'
    if turn < 0.45:
        return rng.choice(_TEXTS)
    if turn < 0.6:
        return rng.choice(("null", "true", "false", "1", "21.5", "[]", "{}", '"on"', "-1", "1795386000000", '"a"'))
    if turn < 0.65:
        return _nested(rng)
    if turn < 0.652:
        return _many(rng)
    if turn < 0.7:
        return json.dumps(rng.choice(list(COMMANDS.values())))
    if not levels:
        return str(rng.randint(-(2**70), 2**70))
    if turn < 0.8:
        return "[" + ",".join(value(rng, levels - 1) for _ in range(rng.randint(0, 4))) + "]"
    return table(rng, levels - 1)


def table(rng: random.Random, levels: int = 3, fields: tuple[str, ...] = FIELDS) -> str:
    """Return a JSON object as text; keys may be duplicated."""
    parts = []
    for _ in range(rng.randint(0, 5)):
        parts.append(f"{json.dumps(rng.choice(fields))}:{value(rng, levels)}")
    return "{" + ",".join(parts) + "}"


def mutated(rng: random.Random, body: Any) -> str:
    """Return ``body`` as JSON text with hostile values in some places."""
    if isinstance(body, dict) and body and rng.random() < 0.95:
        chosen = rng.choice(list(body))
        parts = [
            f"{json.dumps(key)}:{mutated(rng, part) if key == chosen else json.dumps(part)}"
            for key, part in body.items()
        ]
        if rng.random() < 0.1:
            parts.append(f"{json.dumps(chosen)}:{value(rng, 1)}")
        return "{" + ",".join(parts) + "}"
    if isinstance(body, list) and body and rng.random() < 0.95:
        chosen = rng.randrange(len(body))
        return (
            "["
            + ",".join(mutated(rng, part) if place == chosen else json.dumps(part) for place, part in enumerate(body))
            + "]"
        )
    return value(rng, 2)


def torn(rng: random.Random, payload: bytes) -> bytes:
    """Return ``payload`` with bytes removed, changed, inserted or repeated."""
    data = bytearray(payload or b"\0")
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[at] = rng.randrange(256)
            case 1:
                del data[at:]
            case 2:
                data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randint(1, 12)))
            case _:
                data += data[:at]
        data = data or bytearray(b"\0")
    return bytes(data[:300_000])


# -- messages ----------------------------------------------------------------------------------------------------


@cache
def genuine() -> tuple[tuple[str, bytes, bool], ...]:
    """Return the messages of all test vectors, including those that they depend on."""
    found: dict[tuple[str, bytes], bool] = {}
    for dialect in MAKE:
        for vector in vectors(dialect):
            for each in (*vector.get("given", ()), vector):
                payload = bytes.fromhex(each["payload_hex"]) if "payload_hex" in each else each["payload"].encode()
                found[each["topic"], payload] = bool(each.get("retained"))
    return tuple((topic, payload, retained) for (topic, payload), retained in found.items())


def message(rng: random.Random) -> Message:
    if rng.random() < 0.5:
        device, kind = rng.choice(DEVICES), rng.choice(KINDS)
        topic = f"devices/{device}/{kind}"
        return Message(topic, _native(rng, kind), rng.random() < 0.1)
    topic, payload, retained = rng.choice(genuine())
    turn = rng.random()
    if turn < 0.1:
        return Message(topic, payload, retained)
    if turn < 0.3:
        return Message(topic, torn(rng, payload), retained)
    try:
        body = json.loads(payload)
    except ValueError:
        body = None
    text = mutated(rng, body) if body is not None and turn < 0.9 else value(rng)
    return Message(topic, text.encode("utf-8", "surrogatepass"), retained)


def _native(rng: random.Random, kind: str) -> bytes:
    turn = rng.random()
    if turn < 0.05:
        return torn(rng, b'{"t": 21.5, "ts": 1795386000000}')
    if kind == "telemetry" and turn < 0.4:  # promotes or demotes the device
        t = rng.choice(("21.5", "90", value(rng, 0)))
        return f'{{"t": {t}, "seq": {rng.randint(0, 10**6)}}}'.encode("utf-8", "surrogatepass")
    if kind == "telemetry/t":
        return value(rng, 1).strip('"').encode("utf-8", "surrogatepass")
    if kind == "info":
        info = {"name": "Pump", "model": "P", "units": {"t": "°C"}, "limits": {"t": {"high": 80}}, "commands": COMMANDS}
        return mutated(rng, info).encode("utf-8", "surrogatepass")
    if kind == "telemetry" and turn < 0.55:
        return f"[{','.join(table(rng, 2) for _ in range(rng.randint(0, 3)))}]".encode("utf-8", "surrogatepass")
    return table(rng).encode("utf-8", "surrogatepass")


# -- requests ----------------------------------------------------------------------------------------------------

SKIPPED = (
    "/events",
    "/api/history/export",
    "/api/history/import",
    "/analyze",
    "/login",
    "/logout",
    "/api/models",
    "/api/credentials",
    "/api/session",
)
"""Routes that are not called: streams (endless), tables (each starts a process), uploads (not JSON), and routes for
signing in and for changing files of the broker or the models, which other tests cover."""


_PARTS = ("x", "pump", "lamp", "none", "%2e", "%00", "%ff", "9" * 400)
_QUERIES = (
    "1",
    "-1",
    "0",
    "9" * 19,
    "9" * 400,
    "9" * 5_000,
    "nan",
    "%00",
    "%ff",
    "t",
    "x",
    "",
    "1e9",
    "%F0%9F",
    "a" * 300,
)


def calls(rng: random.Random, api: Mapping[str, Any]) -> Iterator[Call]:
    """Yield requests for the routes and query parameters of the OpenAPI document ``api``."""
    routes = [
        (method.upper(), path, about)
        for path, methods in api["paths"].items()
        for method, about in methods.items()
        if not path.startswith(SKIPPED)
    ]
    while True:
        method, path, about = rng.choice(routes)
        for name in ("device_id", "alert_id", "command_id", "conversation", "analysis_id", "diagnosis_id", "name"):
            path = path.replace(
                f"{{{name}}}", rng.choice(("x", "pump", "lamp", "none", "%2e", "%00", "%ff", "9" * 400))
            )
        parameters = [each["name"] for each in about.get("parameters", ()) if each["in"] == "query"]
        if parameters and rng.random() < 0.7:
            query = "&".join(f"{name}={rng.choice(_QUERIES)}" for name in parameters if rng.random() < 0.5)
            path += f"?{query}"
        body = None
        content = about.get("requestBody", {}).get("content", {}).get("application/json")
        if content is not None:
            valid = _fitting(rng, content["schema"], api, 0)
            body = mutated(rng, valid) if rng.random() < 0.9 else value(rng)
        yield Call(method, path, body)


def _fitting(rng: random.Random, schema: Mapping[str, Any], api: Mapping[str, Any], levels: int) -> Any:
    """Return a value that roughly matches ``schema``."""
    if "$ref" in schema:
        return _fitting(rng, api["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], api, levels)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _fitting(rng, rng.choice(schema[several]), api, levels)
    if "enum" in schema:
        return rng.choice(schema["enum"])
    match schema.get("type"):
        case "object" if levels < 4:
            inner = schema.get("properties", {})
            return {key: _fitting(rng, part, api, levels + 1) for key, part in inner.items()} or {"t": 1}
        case "array" if levels < 4:
            return [_fitting(rng, schema.get("items", {}), api, levels + 1)]
        case "integer" | "number":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return True
        case "string":
            return rng.choice((*COMMANDS, rules(rng), "x", "What is wrong with the pump?"))[
                : schema.get("maxLength", 10_000)
            ]
    return 1


def rules(rng: random.Random) -> str:
    """Return rules or mappings in TOML with a hostile value."""
    number = rng.choice((*_NUMBERS, '"5m"', f'"{"9" * 400}s"', "inf", "nan", "true", "[" * 5_000 + "]" * 5_000, '"x"'))
    key = rng.choice(
        ("above", "below", "clear", "value", "by", "within", "for", "silence", "severity", "metric", "devices")
    )
    kind = rng.choice(("threshold", "equals", "rate", "no_data"))
    rule = f'[[rule]]\nid = "r"\nmetric = "t"\nkind = "{kind}"\n{key} = {number}\n'
    mapping = (
        f'[[mapping]]\ntopic = "a/{{device}}"\n{rng.choice(("time", "metric", "units", "kinds", "form"))} = {number}\n'
    )
    dotted = f"{'.'.join(['a'] * rng.choice((3, 33, 3_000)))} = 1\n"
    return rng.choice((rule, mapping, dotted, rule + dotted))


def seeded(seed: int, number: int) -> random.Random:
    """Return the random generator of one case."""
    return random.Random(f"{seed}/{number}")


if __name__ == "__main__":
    for case in range(int(sys.argv[2])):
        print(message(seeded(int(sys.argv[1]), case)))
