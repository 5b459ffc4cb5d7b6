"""Break the hub on purpose, one protection at a time: each broken version must fail its test.

    .venv/bin/python tests/broken_versions.py [R7 F1 ...]

``make security`` and ``make broken`` run this program; see docs/security-tests.md. The versions are listed in
``broken_sign_in.py``, ``broken_requirements.py`` and ``broken_faults.py``. They are made in copies of this folder. Each
copy has an environment that takes the packages from this one, so that processes that a test starts import the copy as
well. First all tests have to pass unchanged. A version counts as caught only if an assertion of its test fails, or what
its entry names.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple
from xml.etree import ElementTree

from broken_faults import BROKEN_FAULTS
from broken_requirements import BROKEN_REQUIREMENTS
from broken_sign_in import BROKEN_SIGN_IN
from broken_version import ASSERTION, FINDING, ROOT, TIMEOUT, BrokenVersion

BROKEN_VERSIONS = (*BROKEN_SIGN_IN, *BROKEN_REQUIREMENTS, *BROKEN_FAULTS)
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "build", "dist", ".*_cache", ".hypothesis", ".flaky*"
)
PASSED = "passed"


class Copy:
    """A copy of the project that can be changed, with a Python that imports it before the original."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "project"
        # Bytecode is copied too: it stays valid, because the copies have the times of the originals.
        shutil.copytree(ROOT, self.root, ignore=LEFT_OUT, symlinks=True)
        self._environment = folder / "environment"
        self.python = self._environment / "bin/python"
        self._make_environment()
        self._changes = 0
        self.output = ""

    def _make_environment(self) -> None:
        """Make a virtual environment with the copy and the packages of this one.

        An isolated Python, like that of the hub's workers, ignores PYTHONPATH, but not this.
        """
        packages = Path(sysconfig.get_path("purelib"))
        own = self._environment / packages.relative_to(sys.prefix)
        own.mkdir(parents=True)
        self.python.parent.mkdir()
        self.python.symlink_to(Path(sys.executable).resolve())
        shutil.copy(Path(sys.prefix) / "pyvenv.cfg", self._environment)
        (own / "copy.pth").write_text(f"{self.root}\nimport site; site.addsitedir({str(packages)!r})\n")
        found = subprocess.run(
            [self.python, "-I", "-c", "import hub; print(hub.__file__)"], capture_output=True, text=True, check=True
        )
        assert found.stdout.strip() == str(self.root / "hub/__init__.py"), found.stdout

    def run(self, tests: Sequence[str]) -> dict[str, str]:
        """Run tests, and return for each the name of the exception in one of its failed cases, or ``PASSED``."""
        found = {test: self._scan(test) for test in tests if test.startswith(".ci/")}
        names = [test for test in tests if test not in found]
        return found | self._run_pytest(names) if names else found

    def _scan(self, script: str) -> str:
        """Run a script of ``.ci``; return ``FINDING`` if one of its programs has found something."""
        done = self._execute(["sh", script])
        found = ">> Issue" in self.output or "Secret Type:" in self.output
        return PASSED if done == 0 else FINDING if found else f"status {done}"

    def _run_pytest(self, tests: Sequence[str]) -> dict[str, str]:
        report = self._environment / "report.xml"
        report.unlink(missing_ok=True)
        names = [f"tests/{test}" for test in tests]
        # A test of a broken hub waits until the helper that it waits with gives up, often after 40 seconds.
        options = ["-q", "-p", "no:cacheprovider", "--timeout=180", "-o", "junit_logging=no", f"--junit-xml={report}"]
        done = self._execute([self.python, "-m", "pytest", *options, *names])
        if not report.is_file():
            return dict.fromkeys(tests, f"pytest ended with {done}")
        cases = list(ElementTree.parse(report).iter("testcase"))
        return {test: self._outcome(test, cases) for test in tests}

    def _execute(self, command: Sequence[str | Path]) -> int:
        """Run a program in the copy, keep what it prints in ``output``, and return its status."""
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environ |= {"VENV": sys.prefix, "VIRTUAL_ENV": str(self._environment)}
        printed = self._environment / "output.txt"
        # Into a file: a hub that a failed test has left behind would keep a pipe open.
        with printed.open("wb") as stream:
            process = subprocess.Popen(
                command, cwd=self.root, env=environ, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
                start_new_session=True,
            )  # fmt: skip
            try:
                status = process.wait()
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        self.output = printed.read_text("utf-8", "replace")
        return status

    @staticmethod
    def _outcome(test: str, cases: Sequence[ElementTree.Element]) -> str:
        file, _, name = test.partition("::")
        module = "tests." + file.removesuffix(".py").replace("/", ".")
        own = [case for case in cases if case.get("classname") == module and name in names_of(case)]
        errors = [error_name(fault) for case in own for fault in case if fault.tag in {"failure", "error", "skipped"}]
        if not own:
            return "not found"
        # A protection can be missing in one of several cases only, and a failed test may fail again as it ends.
        return ASSERTION if ASSERTION in errors else errors[0] if errors else PASSED

    def run_changed(self, version: BrokenVersion) -> str:
        """Run the version's test with its change, and undo that."""
        path = self.root / version.file
        original, times = path.read_text("utf-8"), path.stat()
        path.write_text(version.change(self.root), "utf-8")
        # Python takes bytecode for that of the present source if size and time, in seconds, are equal.
        self._changes += 1
        changed = times.st_mtime + 10_000 + self._changes
        os.utime(path, (changed, changed))
        of_page = version.file.startswith("web/")
        try:
            if of_page and not self._build_page():
                return "a dashboard that cannot be built"
            return self.run([version.test])[version.test]
        finally:
            path.write_text(original, "utf-8")
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            if of_page:
                shutil.rmtree(self.root / "hub/_web")
                shutil.copytree(ROOT / "hub/_web", self.root / "hub/_web")

    def _build_page(self) -> bool:
        """Build the dashboard of the copy, with the packages of this folder. Return False if that fails."""
        packages = self.root / "web/node_modules"
        if not packages.exists():
            packages.symlink_to(ROOT / "web/node_modules")
        return self._execute([self.python, "hatch_build.py", "run", "build"]) == 0


def names_of(case: ElementTree.Element) -> tuple[str, str]:
    """Return the name of a test case, with and without its parameters."""
    name = case.get("name") or ""
    return name, name.partition("[")[0]


def error_name(fault: ElementTree.Element) -> str:
    """Return how a case failed: ASSERTION, TIMEOUT, the name of another exception, or an error outside the test."""
    message = fault.get("message") or ""
    if fault.tag != "failure":
        return f"{fault.tag}: {message[:200]}"
    if message.startswith("Failed: Timeout") or message.startswith("TimeoutError"):
        return TIMEOUT
    if message.startswith(("assert ", "AssertionError", "Failed: ")):
        return ASSERTION
    return message.partition(":")[0]


def chosen(words: Sequence[str]) -> list[BrokenVersion]:
    """Return the versions with the numbers in ``words``, or all. Raises SystemExit for an unknown number."""
    numbers = {version.number for version in BROKEN_VERSIONS}
    if unknown := {word.upper() for word in words} - numbers:
        raise SystemExit(f"Unknown: {', '.join(sorted(unknown))}. Known: {', '.join(sorted(numbers))}.")
    wanted = {word.upper() for word in words} or numbers
    return [version for version in BROKEN_VERSIONS if version.number in wanted]


class Attempt(NamedTuple):
    """The result of trying a broken version: the ``outcome`` of its test, run without the change if ``unchanged``."""

    version: BrokenVersion
    unchanged: bool
    outcome: str
    output: str
    seconds: float

    @property
    def caught(self) -> bool:
        return not self.unchanged and self.outcome == self.version.fails_with

    def __str__(self) -> str:
        """Return one line for the report."""
        version, without = self.version, " without the change" if self.unchanged else ""
        word = "caught" if self.caught else "MISSED"
        found = f"{version.test} ended with {self.outcome}{without}"
        return f"{word}  {version.number} without {version.without}, {self.seconds:.0f} s: {found}"


def attempts(versions: Sequence[BrokenVersion], folder: Path, jobs: int) -> Iterator[Attempt]:
    """Run the tests of all versions without their changes, then try each version; ``jobs`` at the same time."""
    copies = SimpleQueue[Copy]()
    for number in range(jobs):
        copies.put(Copy(folder / str(number)))

    def run_unchanged(tests: Sequence[str]) -> dict[str, tuple[str, str]]:
        copy = copies.get()
        try:
            return {test: (outcome, copy.output) for test, outcome in copy.run(tests).items()}
        finally:
            copies.put(copy)

    def attempt(version: BrokenVersion) -> Attempt:
        outcome, output = unchanged[version.test]
        if outcome != PASSED:
            return Attempt(version, True, outcome, output, 0.0)
        copy, began = copies.get(), time.monotonic()
        try:
            outcome = copy.run_changed(version)
            return Attempt(version, False, outcome, copy.output, time.monotonic() - began)
        finally:
            copies.put(copy)

    tests = list(dict.fromkeys(version.test for version in versions))
    shares = [share for number in range(jobs) if (share := tests[number::jobs])]
    with ThreadPoolExecutor(jobs) as pool:
        unchanged = {test: found for part in pool.map(run_unchanged, shares) for test, found in part.items()}
        yield from pool.map(attempt, versions)


def main() -> int:
    """Return 0 if every chosen version was caught, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", nargs="*", metavar="NUMBER", help="R1 to R24, F1 to F26; default: all")
    parser.add_argument("--jobs", type=int, default=2, help="tests that run at the same time (2)")
    parser.add_argument("--verbose", action="store_true", help="show what pytest printed where a version is not caught")
    options = parser.parse_args()
    versions = chosen(options.numbers)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="broken-") as folder:
        for each in attempts(versions, Path(folder).resolve(), options.jobs):
            missed += not each.caught
            print(each, flush=True)
            if options.verbose and not each.caught:
                print(each.output, flush=True)
    print(f"{len(versions) - missed} of {len(versions)} broken versions were caught.")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
