"""Find files with tokens, keys or passwords in a data folder, and remove secrets from settings files."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from hub.archive.manifest import is_secret
from hub.runtime.installation import read_installation

MAX_SEARCHED_BYTES = 1 << 20
"""Larger files are not searched for secrets: the settings files that people write are smaller."""
MIN_SECRET_BYTES = 6
"""Shorter secrets are not searched for, because they could occur in any file by chance."""
NO_SECRET_KEYS = {"rules.toml", "calculated.toml", "mappings.toml", "signatures.toml"}
"""Files whose format has no key for a secret. They are searched for known secret values, but not for secret keys."""

_KEY = r"[\w.-]*(?:token|password|passwd|secret|api_?key)"
_ASSIGNED = re.compile(rf"""(?im)^[^#\n]*?(?:^|[\s{{,"']){_KEY}["']?[ \t]*[:=][ \t]*["']?[^\s"',}}\]#]""")
_LINE = re.compile(rf"""(?im)^([ \t]*)((?:export[ \t]+)?{_KEY})[ \t]*=.*$""")
_LOGIN_IN_URL = re.compile(r"""(?<=://)[^/\s"'@]+@""")
_PATH_OF_URL = re.compile(r"""(https?://[^/\s"'?]+)[/?][^\s"']+""")
"""The path of a webhook is often its password."""
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")


class Secrets:
    """The secret values to remove from an archive: those in the data folder, and ``known`` values from the settings."""

    def __init__(self, data: Path, known: Iterable[str]) -> None:
        values = {*known, *_of_models(data / "models.json")}
        if token := read_installation(data).token:
            values.add(token)
        if (login := data / "broker" / "hub.login").exists():
            values.add(login.read_text("utf-8", "replace").strip())
        self._values = {value for value in values if len(value.encode()) >= MIN_SECRET_BYTES}

    def without(self, name: str, content: bytes) -> bytes | None:
        """Return ``content`` of the file ``name`` without secrets. Return None if the whole file has to be left out."""
        if is_secret(name):
            return None
        original = content.decode("utf-8", "replace")
        text = _without_secret_urls(name, original) if original.encode() == content else original
        if not self._in(name, text):
            return content if text == original else text.encode()
        redacted = _LINE.sub(r"\1# \2 was left out of this backup", text)
        return redacted.encode() if _is_toml(redacted) and not self._in(name, redacted) else None

    def _in(self, name: str, text: str) -> bool:
        if any(value in text for value in self._values) or _PRIVATE_KEY.search(text):
            return True
        return name not in NO_SECRET_KEYS and _ASSIGNED.search(text) is not None


def _without_secret_urls(name: str, text: str) -> str:
    text = _LOGIN_IN_URL.sub("", text)
    return _PATH_OF_URL.sub(r"\1/left-out-of-this-backup", text) if name == "reactions.toml" else text


def _of_models(file: Path) -> list[str]:
    """Return the API keys of model servers that were entered on the settings page. ``file`` may be missing."""
    if not file.exists():
        return []
    try:
        return list(_keys_in(msgspec.json.decode(file.read_bytes())))
    except (msgspec.MsgspecError, RecursionError):
        return []


def _keys_in(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from [each] if key == "api_key" and isinstance(each, str) else _keys_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from _keys_in(each)


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    return True
