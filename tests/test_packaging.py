"""Packaging: the wheel's contents, the build of the dashboard, the lock files, and no machine-specific names.

The dashboard must have been built (``make setup`` does). Nothing here needs a network.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement

from hub.runtime.installation import open_installation

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "test.lock"
EXTRAS_LOCK = ROOT / "extras.lock"
LOCKS = (LOCK, TEST_LOCK, EXTRAS_LOCK, ROOT / "weights.lock", ROOT / "installer.lock", ROOT / "scanner.lock")


# --- the wheel ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from this checkout without network access."""
    assert (ROOT / "hub/_web/index.html").is_file(), "the dashboard is not built: run `make setup`"
    folder = tmp_path_factory.mktemp("wheel")
    command = ["pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir"]
    done = subprocess.run(
        [sys.executable, "-m", *command, str(folder), str(ROOT)],
        env={**os.environ, "HUB_SKIP_WEB": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("watchkeeper-*.whl")
    return built


@pytest.mark.parametrize(
    "name",
    [
        "hub/commandline/main.py",
        "hub/py.typed",
        "hub/_config/hub.toml",
        "hub/_config/mappings.toml",
        "hub/_config/rules.toml",
        "hub/_shared/lib/units.json",
        "hub/_shared/texts/de/causes.json",
        "hub/_shared/texts/de/hub.json",
        "hub/_shared/texts/es/causes.json",
        "hub/_shared/texts/es/hub.json",
        "hub/_web/index.html",
        "hub/_web/swagger/swagger-ui-bundle.js",
        "simulators/__main__.py",
    ],
)
def test_wheel_contains_file(name: str, wheel: Path) -> None:
    assert name in zipfile.ZipFile(wheel).namelist()


def test_wheel_contains_only_hub_and_simulators(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"hub", "simulators"}


def test_wheel_contains_every_asset_of_the_page(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    page = archive.read("hub/_web/index.html").decode()
    assets = re.findall(r'(?:src|href)="/?((?:\./)?assets/[^"]+)"', page)
    assert assets
    assert {f"hub/_web/{name.removeprefix('./')}" for name in assets} <= set(archive.namelist())


def test_installed_package_finds_its_files(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "from hub.runtime.package_data import *; "
        "print(config_dir() / 'rules.toml', web_dir() / 'index.html', shared_dir() / 'lib' / 'units.json', sep='\\n')"
    )
    command = [sys.executable, "-S", "-c", code]  # -S: no site-packages, so the checkout is out of sight
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    found = [Path(line) for line in done.stdout.splitlines()]
    folders = [path.relative_to(tmp_path.resolve()).parts[:2] for path in found]
    assert folders == [("hub", "_config"), ("hub", "_web"), ("hub", "_shared")]
    assert all(path.is_file() for path in found)


def test_checkout_finds_its_configuration() -> None:
    from hub.runtime.package_data import config_dir

    assert config_dir() == ROOT / "config"
    assert (config_dir() / "hub.toml").is_file()


# --- the build of the dashboard -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_build_without_arguments_prints_every_npm_script(build: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main([]) == 2
    usage = capsys.readouterr().out
    scripts = json.loads((ROOT / "web" / "package.json").read_text("utf-8"))["scripts"]
    assert [name for name in scripts if f"run {name} " not in usage] == []


@pytest.fixture
def dashboard(build: ModuleType, tmp_path: Path) -> Any:
    """Create a small dashboard with installed npm packages, whose "vite" copies one file."""
    source, target = tmp_path / "web", tmp_path / "hub" / "_web"
    vite = source / "node_modules" / "vite" / "bin" / "vite.js"
    vite.parent.mkdir(parents=True)
    target.mkdir(parents=True)
    (source / "src").mkdir()
    (source / "src" / "page.html").write_text("<p>one</p>")
    (source / "package.json").write_text("{}")
    (source / "package-lock.json").write_text('{"lockfileVersion": 3, "packages": {}}')
    vite.write_text("require('fs').copyFileSync('src/page.html', '../hub/_web/index.html')")
    built = build.Dashboard(source, target)
    built.mark_installed()
    return built


def hook_of(build: ModuleType, root: Path) -> Any:
    return build.DashboardHook(str(root), {}, None, None, str(root), "wheel")


def test_dashboard_is_not_rebuilt_for_unchanged_sources(dashboard: Any) -> None:
    assert dashboard.is_stale()
    dashboard.build()
    assert (dashboard.target / "index.html").read_text() == "<p>one</p>"
    assert not dashboard.is_stale()


@pytest.mark.parametrize("name", ["src/page.html", "src/new.ts", "package-lock.json", "vite.config.ts", ".npmrc"])
def test_changed_source_makes_build_stale(name: str, dashboard: Any) -> None:
    dashboard.build()
    (dashboard.source / name).write_text("changed")
    assert dashboard.is_stale()


def test_moved_source_makes_build_stale(dashboard: Any) -> None:
    dashboard.build()
    (dashboard.source / "src" / "page.html").rename(dashboard.source / "src" / "other.html")
    assert dashboard.is_stale()


def test_other_files_do_not_make_build_stale(dashboard: Any) -> None:
    dashboard.build()
    (dashboard.source / "node_modules" / "left-over.js").write_text("")
    (dashboard.source / ".eslintcache").write_text("")
    assert not dashboard.is_stale()


def test_build_is_not_stale_without_sources(dashboard: Any) -> None:
    (dashboard.source / "package-lock.json").unlink()
    assert not dashboard.is_stale()


def test_failed_build_reports_error_and_stays_stale(build: ModuleType, dashboard: Any) -> None:
    (dashboard.source / "src" / "page.html").unlink()
    with pytest.raises(build.BuildFailed, match=r"(?s)ENOENT.*vite\.js build.*exited with status 1"):
        dashboard.build()
    assert dashboard.is_stale()


def test_build_without_page_fails(build: ModuleType, dashboard: Any) -> None:
    (dashboard.source / "node_modules" / "vite" / "bin" / "vite.js").write_text("")
    with pytest.raises(build.BuildFailed, match=r"build\.outDir"):
        dashboard.build()


def test_build_requires_node_only_when_stale(
    build: ModuleType, dashboard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUB_SKIP_WEB", raising=False)
    hook = hook_of(build, dashboard.source.parent)
    assert hook.dependencies() == [build.NODE_PACKAGE]
    monkeypatch.setenv("HUB_SKIP_WEB", "1")
    assert hook.dependencies() == []
    monkeypatch.delenv("HUB_SKIP_WEB")
    dashboard.build()
    assert hook.dependencies() == []


# --- the lock files -----------------------------------------------------------------------------------------------


def locked(*files: Path) -> dict[str, list[tuple[Requirement, int]]]:
    """Return each requirement of the lock files by name, with the number of its hashes."""
    entries: dict[str, list[tuple[Requirement, int]]] = {}
    for file in files:
        for block in re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n", "", file.read_text())):
            requirement = Requirement(block.split(" \\")[0])
            entries.setdefault(requirement.name, []).append((requirement, block.count("--hash=sha256:")))
    return entries


@pytest.mark.parametrize("file", LOCKS, ids=lambda file: file.name)
def test_locked_packages_have_one_version_and_hashes(file: Path) -> None:
    for name, entries in locked(file).items():
        for requirement, hashes in entries:
            assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), name
            assert hashes > 0, name


@pytest.mark.parametrize("file", LOCKS, ids=lambda file: file.name)
def test_lock_file_names_no_index(file: Path) -> None:
    options = [line for line in file.read_text().splitlines() if line.startswith("-") or "://" in line]
    assert options == []


def test_lock_files_satisfy_project_requirements() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, groups = document["project"], document["dependency-groups"]
    extras = project["optional-dependencies"]
    lock, test, all_extras = locked(LOCK), locked(TEST_LOCK), locked(LOCK, EXTRAS_LOCK)
    required = [(text, lock) for text in (*project["dependencies"], *groups["build"])]
    required += [(text, test) for text in groups["test"]]
    required += [(text, all_extras) for text in (*extras["vision"], *extras["audio"])]
    for requirement, locks in ((Requirement(text), locks) for text, locks in required):
        entries = locks.get(requirement.name, [])
        assert entries, f"{requirement} is not in the lock file: run `make lock`"
        for pin, _ in entries:
            (version,) = [specifier.version for specifier in pin.specifier]
            assert requirement.specifier.contains(version), f"{pin} does not satisfy {requirement}: run `make lock`"


@pytest.mark.parametrize(("one", "other"), [(LOCK, TEST_LOCK), (LOCK, EXTRAS_LOCK), (TEST_LOCK, EXTRAS_LOCK)])
def test_lock_files_agree_on_shared_packages(one: Path, other: Path) -> None:
    first = locked(one)
    for name, entries in locked(other).items():
        if name in first:
            assert {str(pin.specifier) for pin, _ in entries} <= {str(pin.specifier) for pin, _ in first[name]}, name


def test_demo_installs_no_test_packages_or_extras() -> None:
    """`make demo` installs requirements.lock, which holds what the hub imports and what builds it."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras, groups = document["project"]["optional-dependencies"], document["dependency-groups"]
    needed = {Requirement(text).name for text in (*document["project"]["dependencies"], *groups["build"])}
    unwanted = {Requirement(text).name for text in (*groups["test"], *extras["vision"], *extras["audio"])}
    # httpx comes with the OpenAI and Ollama clients.
    assert (unwanted - needed - {"httpx"}) & set(locked(LOCK)) == set()


# --- no machine-specific names --------------------------------------------------------------------------------------

# Written in pieces, so that this file does not match its own patterns.
HOSTS = [rf"{host}\.(?:org|com)" for host in ("pypi", "pythonhosted", "npmjs", "deb\\.debian")]
TRACES = re.compile(
    r"(?<![\w.~-])/(?:root|work|Users/\w+)/|" + "|".join(HOSTS) + r"|\"resolved\": ?\"http|--(?:extra-)?index-url"
)


def test_no_file_names_registry_or_machine_path() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    found = []
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = ROOT / name
        if path == Path(__file__) or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "ignore")
        found += [f"{name}: {match[0]}" for match in TRACES.finditer(text)]
    assert found == []


def test_zone_names_work_without_system_zone_files(tmp_path: Path):
    """A slim container has no /usr/share/zoneinfo, so the hub depends on the package tzdata."""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert any(each.startswith("tzdata") for each in dependencies)
    assert re.search(r"^tzdata==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    pytest.importorskip("tzdata", reason="make test installs the locked packages")
    open_installation(tmp_path / "data")
    table = tmp_path / "in.csv"
    table.write_text("time,device,metric,value\n2026-07-01T12:00:00,pump,t,1\n")
    done = subprocess.run(
        [sys.executable, "-m", "hub", "import", table, "--zone", "Europe/Berlin", "--data", tmp_path / "data"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONTZPATH": ""},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "taken as Europe/Berlin" in done.stdout
