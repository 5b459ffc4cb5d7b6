"""``make demo`` as in the README, in a Debian that has only Python, make and CA certificates."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from brokers import free_port
from debian_mirror import mirror

ROOT = Path(__file__).parents[1]
INCLUDE = "python3,python3-venv,make,ca-certificates"
UNWANTED = ("pytest", "playwright", "hypothesis", "mypy", "ruff", "rapidocr", "faster_whisper", "pyarrow")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may make and enter a root file system"),
]


def run(*command: object, **more: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    return str(done.stdout)


@contextmanager
def mounted(root: Path) -> Iterator[None]:
    """Mount /proc and /dev in the new root, and copy this machine's network, pip and npm configuration."""
    shared = [Path("/proc"), Path("/dev")]
    for word in subprocess.run(["pip", "config", "list"], capture_output=True, text=True, check=False).stdout.split():
        path = Path(word.strip("'\"").removeprefix("file://"))
        shared += [path] if path.is_absolute() and path.is_dir() else []
    with ExitStack() as stack:
        for path in shared:
            (root / path.relative_to("/")).mkdir(parents=True, exist_ok=True)
            run("mount", "--bind", path, root / path.relative_to("/"))
            stack.callback(run, "umount", "-l", root / path.relative_to("/"))
        certificates = Path("/etc/ssl/certs/ca-certificates.crt")
        for file in (Path("/etc/resolv.conf"), Path("/etc/pip.conf"), Path("/etc/npmrc"), certificates):
            if file.is_file():
                shutil.copyfile(file, root / file.relative_to("/"))
        for file in (".npmrc", ".config/pip/pip.conf"):
            if (Path.home() / file).is_file():
                (root / "root" / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path.home() / file, root / "root" / file)
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("debian")
    run("debootstrap", "--variant=minbase", f"--include={INCLUDE}", "stable", root, *filter(None, [mirror()]))
    files = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (root / "src" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / "src" / name)
    with mounted(root):
        yield root


def first_reading(address: str) -> object:
    """Return the metrics of the first device of the demo, empty while there are none."""
    for device in json.load(urlopen(f"{address}/api/devices"))["items"]:
        return json.load(urlopen(f"{address}/api/devices/{device['id']}")).get("metrics")
    return None


def test_make_demo_runs_in_minimal_debian(root: Path):
    port = free_port()
    words = f"--http 127.0.0.1:{port} --mqtt 127.0.0.1:{free_port()} --no-open --devices 3"
    variables = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    variables |= {
        name: value for name, value in os.environ.items() if name.startswith(("PIP_", "NPM_", "npm_", "NODE_", "SSL_"))
    }
    environ = {**variables, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    packages = run("chroot", root, "dpkg-query", "-W")
    log = root / "demo.log"
    with log.open("wb") as stream:
        demo = subprocess.Popen(
            ["chroot", root, "make", "-C", "/src", "demo", f"ARGS={words}"],
            stdout=stream, stderr=stream, env=environ, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 1_200
        while "ready http" not in log.read_text():
            assert demo.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.5)
        while not first_reading(f"http://127.0.0.1:{port}"):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
    finally:
        os.killpg(demo.pid, 15)
        demo.wait(30)
    assert run("chroot", root, "dpkg-query", "-W") == packages, "make demo has installed packages with apt"
    for name in UNWANTED:
        absent = f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is not None)"
        run("chroot", root, "/src/.venv/bin/python", "-c", absent)
