"""``make flaky``: run test files many times and say how often each test failed.

Without files it takes those that a clock, a process or a browser can make unreliable, the one longest not run first,
until the time is up. ``.flaky.json`` remembers when each was run.
"""

from __future__ import annotations

import argparse
import ast
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

TESTS = Path(__file__).parent
STATE = TESTS.parent / ".flaky.json"
TIMED = {
    "asyncio",
    "multiprocessing",
    "paho",
    "playwright",
    "pty",
    "signal",
    "socket",
    "subprocess",
    "threading",
    "time",
}
"""Who imports one of these, itself or through a module of the tests, waits for something that others decide."""
RUN_S = 1_800
"""One run of one file that takes longer has failed."""


def timed_files(tests: Path) -> list[Path]:
    """Return the test files below ``tests`` that have a browser, a process or a timer."""
    modules = {
        path.relative_to(tests).with_suffix("").as_posix().replace("/", "."): path for path in tests.rglob("*.py")
    }
    imports = {name: set(_imports(path)) for name, path in modules.items()}
    fixtures = {name: set(_fixtures(path)) for name, path in modules.items() if name.endswith("conftest")}

    def timed(name: str, seen: frozenset[str]) -> bool:
        found = imports.get(name, set())
        if any(each.split(".")[0] in TIMED for each in found):
            return True
        return any(timed(each, seen | {each}) for each in found & imports.keys() - seen)

    chosen = []
    for name, path in sorted(modules.items()):
        if path.name.startswith("test_"):
            above = [each for each in fixtures if name.startswith(each.removesuffix("conftest"))]
            asked = set(_arguments(path))
            used = [each for each in above if fixtures[each] & asked]
            if timed(name, frozenset({name})) or any(timed(each, frozenset({each})) for each in used):
                chosen.append(path)
    return chosen


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _fixtures(path: Path) -> Iterator[str]:
    return (each.name for each in _functions(path) if any("fixture" in ast.unparse(d) for d in each.decorator_list))


def _arguments(path: Path) -> Iterator[str]:
    return (argument.arg for each in _functions(path) for argument in each.args.args)


def run_once(file: Path, words: Sequence[str] = ()) -> tuple[set[str], set[str]]:
    """Run ``file``; return the names of the tests that ran, and of those that failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", str(file), "-q", "-p", "no:cacheprovider", f"--junit-xml={report}"]
        try:
            done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=RUN_S, check=False)
        except subprocess.TimeoutExpired:
            return {file.name}, {file.name}
        if not report.is_file():
            print(done.stdout[-2_000:], done.stderr[-2_000:], file=sys.stderr)
            return {file.name}, {file.name}
        cases = list(ElementTree.parse(report).iter("testcase"))
    names = [
        (f"{file.name}::{case.get('name')}", case.find("failure") is None and case.find("error") is None)
        for case in cases
    ]
    for case in cases:
        for fault in (*case.iter("failure"), *case.iter("error")):
            print(f"\n{file.name}::{case.get('name')}: {(fault.get('message') or '')[:500]}", file=sys.stderr)
    return {name for name, _ in names}, {name for name, passed in names if not passed}


def main() -> int:
    """Return 0 where no test failed, 1 where one did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="test files (default: the timed ones, in turns)")
    parser.add_argument("--runs", type=int, default=20, help="of each file (20)")
    parser.add_argument(
        "--minutes", type=float, default=60, help="begin no further run after these, without files (60)"
    )
    parser.add_argument("--tests", type=Path, default=TESTS, help=argparse.SUPPRESS)
    parser.add_argument("--state", type=Path, default=STATE, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    last: dict[str, float] = json.loads(arguments.state.read_text()) if arguments.state.is_file() else {}
    files: list[Path] = arguments.files or sorted(timed_files(arguments.tests), key=lambda file: last.get(str(file), 0))
    end = None if arguments.files else time.monotonic() + arguments.minutes * 60
    ran, failed = Counter[str](), Counter[str]()
    for number, file in enumerate(files, 1):
        if end is not None and time.monotonic() >= end:
            print(f"The time is up: {len(files) - number + 1} of {len(files)} files are for the next time.")
            break
        for _ in range(arguments.runs):
            if end is not None and time.monotonic() >= end:
                break
            names, bad = run_once(file)
            ran.update(names)
            failed.update(bad)
        runs = max((ran[name] for name in ran if name.startswith(file.name)), default=0)
        bad_here = sum(name.startswith(file.name) for name in failed)
        print(f"{file}: {runs} runs, {bad_here} tests that failed", flush=True)
        last[str(file)] = time.time()
        arguments.state.write_text(json.dumps(last, indent=0))
    for name, count in failed.most_common():
        print(f"{name} failed {count} of {ran[name]} times")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
