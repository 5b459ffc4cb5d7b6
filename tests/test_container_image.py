"""The steps of deploy/Dockerfile, run one by one in bare Debian file systems, give a hub that answers.

Without a container engine: a stage is a folder, ``RUN`` is a command in a chroot, ``COPY`` copies.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from brokers import Mosquitto, free_port
from test_minimal_debian import ROOT, mirror, mounted, run

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may make and enter a root file system"),
]
PASSED_ON = ("PIP_", "NPM_", "npm_", "NODE_", "SSL_")


class Stage:
    """A stage of the image: its file system, and what its instructions have set."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder, self.user = root, "/", "root"
        self.environ = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
        self.entry: list[str] = []
        self.health: list[str] = []
        self.command: list[str] = []

    def chroot(self, *words: str) -> list[str]:
        script = 'cd "$1"; shift; exec "$@"'
        return ["chroot", f"--userspec={self.user}", str(self.root), "sh", "-c", script, "-", self.folder, *words]

    def copy(self, sources: list[Path], target: str) -> None:
        into = self.root / os.path.normpath(f"{self.folder}/{target}").lstrip("/")
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, into, symlinks=True, dirs_exist_ok=True)
            else:
                into.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, into / source.name)


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return the instructions with their arguments, without comments."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    parts = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(name, arguments) for name, _, arguments in parts]


def test_steps_of_the_dockerfile_give_a_hub(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    run("debootstrap", "--variant=minbase", "stable", bare, *filter(None, [mirror()]))
    shared = {
        name: value for name, value in os.environ.items() if name.startswith(PASSED_ON) or "_proxy" in name.lower()
    }
    stages: dict[str, Stage] = {}
    with ExitStack() as mounts:
        for name, text in instructions((ROOT / "deploy/Dockerfile").read_text()):
            if name == "FROM":
                label = text.partition(" AS ")[2] or "last"
                run("cp", "-a", bare, tmp_path / label)  # with its device nodes
                stage = stages[label] = Stage(tmp_path / label)
                (stage.root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)  # for this machine's certificates
                mounts.enter_context(mounted(stage.root))
            elif name == "RUN":
                trust(stage.root)
                run(*stage.chroot("sh", "-e", "-c", text), env=shared | stage.environ)
            elif name == "COPY" and text.startswith("--from="):
                origin, source, target = text.removeprefix("--from=").split()
                stage.copy([stages[origin].root / source.lstrip("/")], target)
            elif name == "COPY":
                *sources, target = text.split()
                stage.copy([ROOT / each for each in sources], target)
            elif name == "ENV":
                stage.environ |= dict(each.split("=", 1) for each in shlex.split(text))
            elif name == "WORKDIR":
                stage.folder = text
                (stage.root / text.lstrip("/")).mkdir(parents=True, exist_ok=True)
            elif name == "USER":
                stage.user = text
            elif name == "ENTRYPOINT":
                stage.entry = json.loads(text)
            elif name == "CMD":
                stage.command = json.loads(text)
            elif name == "HEALTHCHECK":
                stage.health = json.loads(text.partition("CMD ")[2])
            else:
                assert name in ("VOLUME", "EXPOSE"), f"{name} is not tried"
        started(tmp_path, stage)


def trust(root: Path) -> None:
    """Put this machine's certificates, which a proxy may need, in place of those of the package."""
    file = Path("/etc/ssl/certs/ca-certificates.crt")
    if file.is_file():
        shutil.copyfile(file, root / file.relative_to("/"))


def started(folder: Path, stage: Stage) -> None:
    """Start the container's command, and check that it answers and is healthy."""
    port, broker = free_port(), Mosquitto(folder)
    broker.start()
    assert stage.environ["HUB_HTTP_LISTEN"] == "0.0.0.0:8000"
    environ = stage.environ | {"HUB_HTTP_LISTEN": f"127.0.0.1:{port}", "HUB_MQTT_BROKER": f"mqtt://{broker.address}"}
    environ |= {"HUB_TOKEN": "a token for the container", "HOME": "/var/lib/watchkeeper"}
    with (folder / "container.log").open("wb") as log:
        hub = subprocess.Popen(stage.chroot(*stage.entry, *stage.command), env=environ, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 120
        while not ready(port):
            assert hub.poll() is None, (folder / "container.log").read_text()
            assert time.monotonic() < deadline, (folder / "container.log").read_text()
            time.sleep(0.2)
        assert "<title>Watchkeeper</title>" in urlopen(f"http://127.0.0.1:{port}/").read().decode()
        healthy = [word.replace(":8000/", f":{port}/") for word in stage.health]
        run(*stage.chroot(*healthy), env=environ)
        status = Path(f"/proc/{hub.pid}/status").read_text()
        assert "\nUid:\t10001\t10001\t10001\t10001" in status
    finally:
        hub.terminate()
        hub.wait(40)
        broker.stop()
    assert hub.returncode == 0


def ready(port: int) -> bool:
    try:
        return bool(urlopen(f"http://127.0.0.1:{port}/readyz").status == 200)
    except (URLError, ConnectionError):
        return False
