"""Read the statements in ``claims.toml`` with the evidence that they are about."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from hub.insight.claims import Verdict, Vocabulary, verify
from hub.model import Evidence

_HERE = Path(__file__).parent


class Statement(NamedTuple):
    """A sentence, and the ids of the evidence that it cites. ``tests`` names the kind of statement that it tests."""

    text: str
    cited: tuple[str, ...]
    tests: str
    true: bool
    device: str
    metrics: tuple[str, ...]
    evidence: tuple[Evidence, ...]


def statements() -> Iterator[Statement]:
    """Yield all statements."""
    devices = {each["name"]: each for each in json.loads((_HERE / "evidence.json").read_text("utf-8"))}
    for case in tomllib.loads((_HERE / "claims.toml").read_text("utf-8"))["device"]:
        device = devices[case["name"]]
        evidence = tuple(msgspec.convert(each, Evidence) for each in device["evidence"])
        for true in (True, False):
            for line in case["true" if true else "false"]:
                text, cited, tests = (part.strip() for part in line.split("|"))
                metrics = tuple(device["metrics"])
                yield Statement(text, tuple(cited.split()), tests, true, case["name"], metrics, evidence)


def verdict(statement: Statement) -> Verdict:
    """Return the hub's verdict on a statement."""
    titles = {"co2": "CO₂"} if "co2" in statement.metrics else {}
    vocabulary = Vocabulary(statement.metrics, titles=titles)
    return verify(statement.text, statement.cited, statement.evidence, vocabulary)
