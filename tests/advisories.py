"""Known vulnerabilities of the locked packages: pip-audit and ``npm audit``, which ask their registries for advisories.

``make security`` runs this. A registry without advisories, such as a mirror, leaves packages unchecked: the result says
how many, because "nothing found" would be wrong.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
PIP_AUDIT = Path(sys.prefix, "scanner", "bin", "pip-audit")
LOCK_FILES = ("requirements.lock", "extras.lock")


class Advisories(NamedTuple):
    """Vulnerabilities, as one text each, and how many packages of ``packages`` could be checked."""

    found: list[str]
    checked: int
    packages: int


def read_pip_audit(report: Mapping[str, Any]) -> Advisories:
    """Read the JSON report of pip-audit. A package without advisories has a ``skip_reason``."""
    if "dependencies" not in report:
        return Advisories([f"pip-audit made no report: {report.get('error')}"], 0, 0)
    packages = report["dependencies"]
    found = [f"{each['name']} {each['version']}: {fault['id']}" for each in packages for fault in each.get("vulns", [])]
    return Advisories(found, sum("skip_reason" not in each for each in packages), len(packages))


def read_npm_audit(report: Mapping[str, Any]) -> Advisories:
    """Read the JSON report of ``npm audit``. Without advisories it has an error in place of ``metadata``."""
    if "metadata" not in report:
        return Advisories([], 0, 0)
    found = [f"{name}: {fault['severity']}" for name, fault in report["vulnerabilities"].items()]
    total = report["metadata"]["dependencies"]["total"]
    return Advisories(found, total, total)


def audit_python(folder: Path) -> Advisories:
    """Ask for the advisories of all packages in the lock files; pip-audit installs nothing."""
    words = [word for name in LOCK_FILES for word in ("-r", str(ROOT / name))]
    command = [PIP_AUDIT, *words, "--no-deps", "--disable-pip", "--progress-spinner", "off", "-f", "json"]
    return read_pip_audit(_json_of(command, folder))


def audit_npm(folder: Path) -> Advisories:
    """Ask for the advisories of the packages that the dashboard is built from and consists of."""
    return read_npm_audit(_json_of([sys.executable, ROOT / "hatch_build.py", "audit", "--json"], folder))


def _json_of(command: list[Any], folder: Path) -> dict[str, Any]:
    """Run a program that prints JSON. Without JSON, return the end of its error output as ``error``."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    for start in [at for at, sign in enumerate(done.stdout) if sign == "{"][:20]:
        with suppress(json.JSONDecodeError):
            report: dict[str, Any] = json.JSONDecoder().raw_decode(done.stdout[start:])[0]
            return report
    return {"error": done.stderr.strip()[-300:]}
