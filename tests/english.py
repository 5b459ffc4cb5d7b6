"""Checks of the English in docstrings, comments, test names and texts of the dashboard.

``python tests/english.py`` prints the faults.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Phrases that are hard to read, each with what to write instead.
PRIVATE = {
    r"\b(?:borne|bears?|bore) out\b": "supported by",
    r"\bmend(?:s|ed|ing)?\b": "fix, repair",
    r"\btrying on\b": "retrying",
    r"\bnothing of the kind\b": "say what it is",
    r"\b(?:is|are) no more\b": "no longer",
    r"\bwho(?:ever)? (?:asks|looks|listens|saves|comes|may|sends|speaks)\b": "name the client, caller or user",
    r"\b(?:is|are|was|were|be|been) told\b": "receives, is notified of, is sent",
    r"\bwhat is (?:said|told)\b": "message, text, content",
    r"\bas it was\b": "unchanged, restored",
    r"\btak(?:e|es|en|ing) up\b": "apply, process",
    r"\b(?:let|lets) (?:it |them |a device )?in\b": "promote, admit, grant access",
    r"\banew\b": "again",
    r"\b(?:is|are) there any\b": "exists",
    r"\bthe usual way\b": "slow path",
    r"\bput in force\b": "apply, activate",
}
_PRIVATE = [(re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in PRIVATE.items()]

# Beginnings and parts of test names that do not name the behaviour, each with advice on a better name.
PRIVATE_TEST_NAMES = {
    r"^(?:an?|the)_": "begin with the subject, without an article",
    r"^(?:it|what|whatever|whoever|who|one_that|nobody|everybody|others)_": "begin with the subject, a noun",
    r"_(?:is|are|was|were|be)_told(?:_|$)": "is_sent, is_reported",
    r"_(?:of_(?:its|their)_own|as_it_was|as_they_were|no_more|anew)(?:_|$)": "use a plain term",
    r"^.{71,}": "shorten the name to 75 characters",
}
_PRIVATE_TEST_NAMES = [(re.compile(pattern), instead) for pattern, instead in PRIVATE_TEST_NAMES.items()]

# pydocstyle's rules in Google's convention. D1: not every function needs a docstring.
DOCSTRING_RULES = ("--select", "D,D401", "--ignore", "D1,D203,D204,D213,D215,D400,D404,D406,D407,D408,D409,D413")


def files() -> list[str]:
    """Return the files that are checked, relative to the checkout."""
    python = (path for folder in ("hub", "simulators", "tests") for path in (ROOT / folder).rglob("*.py"))
    texts = (path for path in (ROOT / "web" / "src").glob("texts*"))
    pages = (path for each in texts for path in ([each] if each.is_file() else each.rglob("*.ts")))
    return sorted(
        path.relative_to(ROOT).as_posix()
        for path in (*python, *pages)
        if not {"_web", "node_modules"} & set(path.parts) and ".test." not in path.name
    )


def faults(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each fault as (file, sentence)."""
    yield from _docstring_faults([name for name in names if name.endswith(".py") and not name.startswith("tests/")])
    for name in names:
        text = (ROOT / name).read_text("utf-8")
        for line, words in _prose(text) if name.endswith(".py") else enumerate(text.splitlines(), 1):
            for pattern, instead in _PRIVATE:
                if found := pattern.search(words):
                    yield name, f"line {line}: {found[0]!r} is hard to read: {instead}"
        if name.startswith("tests/"):
            yield from ((name, fault) for fault in _test_name_faults(text))


def _test_name_faults(text: str) -> Iterator[str]:
    for found in re.finditer(r"^(?:async )?def test_(\w+)", text, re.MULTILINE):
        for pattern, instead in _PRIVATE_TEST_NAMES:
            if pattern.search(found[1]):
                yield f"line {text.count(chr(10), 0, found.start()) + 1}: test_{found[1]}: {instead}"


def _docstring_faults(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not names:
        return
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--output-format", "json"]
    done = subprocess.run([*command, *DOCSTRING_RULES, *names], cwd=ROOT, capture_output=True, text=True, check=False)
    for each in json.loads(done.stdout):
        name = Path(each["filename"]).relative_to(ROOT).as_posix()
        yield name, f"line {each['location']['row']}: {each['code']} {each['message']}"


def _prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield the docstrings and comments of a Python file with their lines."""
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        statement = before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and statement):
            yield token.start[0], token.string
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            before = token.type


def main() -> int:
    """Print the faults. Return 0 if there are none."""
    found = list(faults(files()))
    for name, fault in found:
        print(f"{name}: {fault}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
