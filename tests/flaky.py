"""``make flaky``: run test files many times and print how often each test failed.

Without arguments it runs the files that depend on a clock, a process or a browser, until each file has had its number
of runs or the time is up. ``.flaky.json`` stores the number of clean runs by file and commit, so that the next start
continues.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["pytest", "hub.assembly.open_hub", "playwright.sync_api"])
"""Starting each run with these imported saves more than a second of CPU time."""
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
"""A test file that imports one of these modules, directly or through a helper of the tests, can depend on timing."""
_IMPORTED_BEFORE = ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")
"""Options that suppress pytest's warning of plugins that were imported before it could rewrite their assertions."""
RUN_S = 1_800
"""A run of one file that takes longer counts as failed."""


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
            arguments = set(_arguments(path))
            used = [each for each in above if fixtures[each] & arguments]
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


def run_once(file: Path) -> tuple[set[str], set[str]]:
    """Run ``file`` once in a new process; return the names of the tests that ran, and of those that failed."""
    with tempfile.TemporaryDirectory() as folder:
        report, output = Path(folder, "report.xml"), Path(folder, "output")
        words = [str(file), "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", *_IMPORTED_BEFORE]
        process = _CONTEXT.Process(target=_run_pytest, args=(words, output))
        process.start()
        process.join(RUN_S)
        if process.is_alive():
            process.kill()
            process.join()
        if not report.is_file():
            print(output.read_text("utf-8", "replace")[-4_000:] if output.is_file() else "", file=sys.stderr)
            return {file.name}, {file.name}
        cases = list(ElementTree.parse(report).iter("testcase"))
    ran, failed = set(), set()
    for case in cases:
        name = f"{file.name}::{case.get('name')}"
        ran.add(name)
        for fault in (*case.iter("failure"), *case.iter("error")):
            failed.add(name)
            print(f"\n{name}: {(fault.get('message') or '')[:500]}", file=sys.stderr)
    return ran, failed


def _run_pytest(words: list[str], output: Path) -> None:
    """Run pytest in this process, which was forked for it, and end the process."""
    with output.open("wb") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    os.environ["HYPOTHESIS_PROFILE"] = "random"  # other examples in each run
    sys.argv = ["pytest", *words]
    sys.path[0] = str(Path.cwd())
    sys.exit(pytest.main(words))


def revision(folder: Path) -> str:
    """Return the commit that is checked out in ``folder``, with a hash of the uncommitted changes."""

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=False).stdout

    changes = git("diff", "HEAD")
    commit = git("rev-parse", "HEAD").strip()
    return f"{commit}+{hashlib.sha256(changes.encode()).hexdigest()[:12]}" if changes else commit


@dataclass
class FileState:
    """The entry of one test file in ``.flaky.json``."""

    commit: str = ""
    clean: int = 0
    """Consecutive runs at ``commit`` without a failure."""
    last: float = 0.0
    """When it was last run, in seconds since 1970."""


class Round:
    """Runs of many files, ``jobs`` at the same time. After each run the file with the fewest clean runs is next."""

    def __init__(self, state: Path, commit: str, files: Sequence[Path], runs: int, *, resume: bool) -> None:
        self._path, self._commit, self._runs = state, commit, runs
        stored = json.loads(state.read_text()) if state.is_file() else {}
        self._states = {name: FileState(**values) for name, values in stored.items() if isinstance(values, dict)}
        for file in files:
            known = self._states.get(str(file), FileState())
            clean = known.clean if resume and known.commit == commit else 0
            self._states[str(file)] = FileState(commit, clean, known.last)
        self.waiting = {file: left for file in files if (left := runs - self._states[str(file)].clean) > 0}
        self.planned, self.done = sum(self.waiting.values()), 0
        self.ran, self.failed = Counter[str](), Counter[str]()
        self._running: set[Path] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, jobs: int, end: float | None) -> None:
        """Run until every file has had its runs or ``end`` (of the monotonic clock) has come."""
        threads = [threading.Thread(target=self._work, args=(end,), daemon=True) for _ in range(jobs)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            self._stopped = True  # pytest got the signal too: what it reports now does not count
            raise

    def _work(self, end: float | None) -> None:
        while end is None or time.monotonic() < end:
            file = self._take()
            if file is None:
                return
            ran, failed = run_once(file)
            if self._stopped:
                return
            self._count(file, ran, failed)

    def _take(self) -> Path | None:
        with self._lock:
            free = [file for file in self.waiting if file not in self._running]
            if not free:
                return None
            file = min(free, key=lambda each: (self._states[str(each)].clean, self._states[str(each)].last))
            self._running.add(file)
            self.waiting[file] -= 1
            return file

    def _count(self, file: Path, ran: set[str], failed: set[str]) -> None:
        with self._lock:
            self._running.remove(file)
            if not self.waiting[file]:
                del self.waiting[file]
            self.done += 1
            self.ran.update(ran)
            self.failed.update(failed)
            state = self._states[str(file)]
            state.clean = 0 if failed else state.clean + 1
            state.last = time.time()
            result = f"{len(failed)} of {len(ran)} tests failed" if failed else f"{state.clean} clean runs"
            print(f"{self.done / self.planned:4.0%} {file}: {result}", flush=True)
            self._save()

    def _save(self) -> None:
        kept = {name: asdict(state) for name, state in self._states.items() if state.last}
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps(kept, indent=0))
        written.replace(self._path)


def main() -> int:
    """Run the files. Return 0 if no test failed, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="test files (default: the timed ones)")
    parser.add_argument("--runs", type=int, default=20, help="of each file (20)")
    parser.add_argument("--jobs", type=int, default=3, help="files that run at the same time (3)")
    parser.add_argument("--minutes", type=float, default=120, help="start no run after these, without files (120)")
    parser.add_argument("--tests", type=Path, default=TESTS, help=argparse.SUPPRESS)
    parser.add_argument("--state", type=Path, default=STATE, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    named: list[Path] = arguments.files
    files = named or timed_files(arguments.tests)
    turns = Round(arguments.state, revision(arguments.tests), files, arguments.runs, resume=not named)
    try:
        turns.run(arguments.jobs, None if named else time.monotonic() + arguments.minutes * 60)
    except KeyboardInterrupt:
        print("Interrupted.")
    for name, count in turns.failed.most_common():
        print(f"{name} failed {count} of {turns.ran[name]} times")
    if turns.waiting:
        print(f"{len(turns.waiting)} of {len(files)} files have runs left: start it again to go on.")
    elif not turns.failed:
        print(f"All {len(files)} files had {arguments.runs} clean runs.")
    return int(bool(turns.failed))


if __name__ == "__main__":
    sys.exit(main())
