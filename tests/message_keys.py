"""The keys of all messages of the hub, by which they can be translated: ``tests/vectors/message_keys.json``.

``make generated`` writes the file, and ``test_message_keys.py`` checks that it matches the hub. Translators need to
know every key.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import get_args

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1])]

from hub.api.change_log import CHANGE_KEYS
from hub.errors import REJECTION_REASONS
from hub.ingest.activity import ACTIVITY_KEYS
from hub.model import EvidenceKind
from hub.rules import KINDS
from hub.rules.incidents.titles import TITLE_KEYS
from hub.services.device_hints import HINT_KEYS
from hub.services.open_reason import OPEN_REASON_KEYS

FILE = Path(__file__).parent / "vectors" / "message_keys.json"


def message_keys() -> dict[str, list[str]]:
    """Return all keys, grouped by the object that has them. ``changes`` are parameters of the activity ``settings``."""
    return {
        "activity": sorted(ACTIVITY_KEYS),
        "alert": sorted(KINDS),
        "change": sorted(CHANGE_KEYS),
        "evidence": sorted(get_args(EvidenceKind)),
        "hint": sorted(HINT_KEYS),
        "incident": sorted(TITLE_KEYS),
        "rejected": sorted(REJECTION_REASONS),
        "rule": sorted(KINDS),
        "stays_open": sorted(OPEN_REASON_KEYS),
    }


def as_json(keys: dict[str, list[str]]) -> str:
    return json.dumps(keys, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_json(message_keys()), encoding="utf-8")
