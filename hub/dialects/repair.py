"""Repair JSON in which single values are not valid JSON, so that the other values of the message are kept.

Many programs insert numbers and texts into a template, and so write ``nan``, ``inf``, ``ovf``, ``1.#QNAN``,
``undefined``, ``None``, ``True``, numbers beyond a double's range, texts in Latin-1, or texts with raw line breaks.
"""

from __future__ import annotations

import re

import msgspec

UNREADABLE = "\ufffd"
"""Replaces a name or a text that is not valid Unicode."""
TOO_DEEP = "\ufffd nested too deep"
"""Replaces a value that is nested too deep."""
_BOM = b"\xef\xbb\xbf"
_TOKENS = re.compile(
    rb'"(?:[^"\\]|\\.)*+"?|(?P<nan>[+-]?\bnan\b(?:\(\w*\))?|[+-]?1\.#(?:q|s)?(?:nan|ind)\w*)'
    rb"|(?P<inf>[+-]?\b(?:inf(?:inity)?|ovf)\b|[+-]?1\.#inf\w*|(?<![\d.])-?\d[\d.]*+e\+?\d{3,}"
    rb"|(?<![\d.])-?\d{400,}+(?![.e\d]))"
    rb"|\b(?P<null>undefined|none)\b|\b(?P<bool>true|false)\b",
    re.IGNORECASE | re.DOTALL,
)
"""Matches JSON strings, and tokens that are not JSON but common in payloads, such as ``nan`` and ``True``.

The search takes linear time.
"""
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""Matches JSON strings and brackets, so that brackets in strings are not counted."""
_CONTROL = re.compile(rb"[\x00-\x1f]")


def unwrapped(payload: bytes) -> bytes:
    """Return a payload without a byte order mark at its beginning, and without the NUL that ends a text in C."""
    return payload.removeprefix(_BOM).rstrip(b"\0") if payload[-1:] == b"\0" or payload[:1] == _BOM[:1] else payload


def repaired(payload: bytes) -> bytes:
    """Return the payload with a replacement for each token that is not valid JSON.

    For example, ``nan`` becomes the text ``NaN``, ``inf`` the text ``Infinity``, ``undefined`` becomes null, and
    ``True`` becomes ``true``. A text that is not valid Unicode becomes :data:`UNREADABLE`.
    """
    return _TOKENS.sub(_replacement, payload)


def without_deep_parts(payload: bytes, levels: int) -> bytes:
    """Return the payload with null in place of all lists and objects below ``levels`` levels.

    Deeper nesting cannot even be decoded, because Python limits recursion.
    """
    if payload.count(b"[") + payload.count(b"{") <= levels:
        return payload
    kept: list[bytes] = []
    depth = end = start = 0
    for token in _BRACKETS.finditer(payload):
        if token[0] in (b"[", b"{"):
            depth += 1
            if depth == levels + 1:
                start = token.start()
        elif token[0] in (b"]", b"}"):
            if depth == levels + 1:
                kept += (payload[end:start], b"null")
                end = token.end()
            depth -= 1
    return b"".join((*kept, payload[end:]))


def _replacement(token: re.Match[bytes]) -> bytes:
    kind = token.lastgroup
    if kind is None:
        return _string(token[0])
    return {"nan": b'"NaN"', "inf": b'"Infinity"', "null": b"null"}.get(kind) or token[0].lower()


def _string(text: bytes) -> bytes:
    escaped = _CONTROL.sub(lambda control: b"\\u%04x" % control[0][0], text)
    try:
        msgspec.json.decode(escaped)
    except (msgspec.DecodeError, UnicodeError):
        return msgspec.json.encode(UNREADABLE)
    return escaped
