"""Try the hub with third-party scanners: ``make security`` runs this program; see docs/security-tests.md.

    .venv/bin/python tests/security_scan.py [--examples 20] [--minutes 12] [SCAN...]

The scans are ``viewer``, ``operator`` and ``administrator`` (schemathesis with an API token of that role, over all
operations), ``tls`` (testssl.sh), ``web`` (wapiti) and ``advisories`` (pip-audit, npm audit). Each prints one line,
and writes the scanner's output and the hub's log to files in ``--out``. The exit status is 1 if one of them found
something.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from advisories import audit_npm, audit_python
from brokers import HOST, Mosquitto
from pki import Issued, write_pair
from serving import Serving, Thing

TOKEN = "correct horse battery staple"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
ROLES = ("viewer", "operator", "administrator")
SCANS = (*ROLES, "tls", "web", "advisories")
SCANNER = Path(sys.prefix, "scanner", "bin")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth"
# Endless, or it ends what the other examples need: the own token, the sign-in.
LEFT_OUT = ("/events/devices", "/api/account/tokens/{token_id}", "/logout")
ACCEPTED_TLS = ("OK", "INFO", "LOW", "WARN", "DEBUG")
# What follows from a certificate of a test, which no authority that testssl knows has issued.
OF_THE_CERTIFICATE = ("cert_", "chain_of_trust", "DNS_CAArecord", "OCSP_stapling", "grade", "final_score", "overall_")


class Result(NamedTuple):
    """The result of a scan. ``text`` is one line."""

    passed: bool
    text: str


@contextmanager
def serving(folder: Path, *, https: bool = False) -> Iterator[Serving]:
    """Serve a hub with a device and an alert."""
    folder.mkdir()
    broker = Mosquitto(folder)
    broker.start()
    lines = ["[http]", f'token = "{TOKEN}"', f'trusted_proxies = ["{HOST}"]']
    if https:
        write_pair(folder, Issued("hub"))
        lines += [f'tls_cert_file = "{folder}/hub.crt"', f'tls_key_file = "{folder}/hub.key"']
    (folder / "hub.toml").write_text("\n".join(lines) + "\n")
    hub = Serving(folder / "data", broker, folder / "hub.toml", scheme="https" if https else "http")
    try:
        hub.start()
        device = Thing(broker)
        device.say("devices/0/info", {"name": "Pump", "commands": {"run": {"kind": "bool"}}})
        device.say("devices/0/telemetry", {"temperature": 300, "running": True})
        device.leave()
        yield hub
    finally:
        hub.stop()
        broker.stop()


def token_of(hub: Serving, role: str) -> str:
    """Create an account with the role, and return an API token of it. The first account is an administrator."""
    url = f"http://{HOST}:{hub.port}"
    if role != "administrator":
        token_of(hub, "administrator")
    with httpx.Client(base_url=url, headers={"Origin": url}, timeout=60) as browser:
        invited = hub.http.post("/api/people/invitations", json={"role": role}, headers=BEARER).raise_for_status()
        body = {
            "link": invited.json()["url"].partition("#")[2],
            "name": f"scan-{role}",
            "password": "a quiet lighthouse 7",
        }
        browser.post("/api/welcome", json=body).raise_for_status()
        made = browser.post("/api/account/tokens", json={"name": "scan", "role": role, "days": 1})
        return str(made.raise_for_status().json()["value"])


def scan_role(role: str, folder: Path, out: Path, options: argparse.Namespace) -> Result:
    """Send random and boundary requests to every operation with a token of the role."""
    with serving(folder) as hub:
        # Each wrong token of "ignored_auth" comes from another client, or the hub would answer 429 after ten.
        (folder / "hooks.py").write_text(
            "import secrets, schemathesis\n\n\n@schemathesis.hook\ndef before_call(ctx, case, kwargs):\n"
            "    case.headers['X-Forwarded-For'] = f'2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1'\n"
        )
        # A request may name a model whose server the scan has saved itself, and which does not answer.
        (folder / "schemathesis.toml").write_text(
            '[[operations]]\ninclude-path = ["/ask", "/api/diagnoses/{diagnosis_id}/repeat"]\n'
            'checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503"]\n'
        )
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"http://{HOST}:{hub.port}/openapi.json"]
        command += ["--header", f"Authorization: Bearer {token_of(hub, role)}", "--checks", CHECKS, "--no-color"]
        command += ["--phases", "coverage,fuzzing", "--max-examples", str(options.examples), "--workers", "1"]
        command += ["--max-time", str(options.minutes * 60), "--request-timeout", "60"]
        for path in LEFT_OUT:
            command += ["--exclude-path", path]
        done = run(command, out, folder, options, SCHEMATHESIS_HOOKS=str(folder / "hooks.py"))
        alive = hub.http.get("/readyz").status_code == 200
        summary = [line.strip() for line in out.read_text().splitlines() if "generated" in line or "Selected" in line]
        shutil.copy(folder / "hub.log", out.with_suffix(".log"))
        errors = [line for line in out.with_suffix(".log").read_text().splitlines() if "Traceback" in line]
        text = "; ".join([*summary[-2:], f"hub answers: {alive}", f"tracebacks in its log: {len(errors)}"])
        return Result(done == 0 and alive and not errors, text)


def scan_tls(folder: Path, out: Path, options: argparse.Namespace) -> Result:
    """Try the HTTPS listener with testssl.sh: protocols, ciphers, known vulnerabilities, headers."""
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    if program is None:
        return Result(False, "testssl.sh is missing: apt-get install testssl.sh")
    with serving(folder, https=True) as hub:
        report = folder / "testssl.json"
        command = [program, "--quiet", "--color", "0", "--nodns", "none", "--warnings", "off", "--ip", HOST]
        command += ["--jsonfile", str(report), f"https://localhost:{hub.port}"]
        run(command, out, folder, options)
        entries = json.loads(report.read_text())
    found = [
        f"{each['id']} {each['severity']}: {each['finding']}"
        for each in entries
        if each["severity"] not in ACCEPTED_TLS and not each["id"].startswith(OF_THE_CERTIFICATE)
    ]
    return Result(not found and len(entries) > 50, "; ".join([f"{len(entries)} checks", *found]))


def scan_web(folder: Path, out: Path, options: argparse.Namespace) -> Result:
    """Scan the served page with wapiti's modules that need no internet."""
    program = shutil.which("wapiti", path=f"{SCANNER}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        return Result(False, "wapiti is missing: `make security` installs it from scanner.lock")
    with serving(folder) as hub:
        report = folder / "wapiti.json"
        command = [program, "-u", f"http://{HOST}:{hub.port}/", "-H", f"Authorization: Bearer {TOKEN}", "--scope"]
        command += ["folder", "-f", "json", "-o", str(report), "--flush-session", "--no-bugreport", "--max-scan-time"]
        command += [str(options.minutes * 60), "--max-attack-time", "60", "-d", "3", "-v", "1"]
        run(command, out, folder, options)
        found = json.loads(report.read_text())["vulnerabilities"]
    named = [f"{name}: {len(entries)}" for name, entries in found.items() if entries]
    return Result(not named, "; ".join(named) or f"nothing found by {len(found)} kinds of checks")


def scan_advisories(folder: Path, out: Path, _: argparse.Namespace) -> Result:
    """Look up known vulnerabilities of the locked packages of Python and npm."""
    folder.mkdir()
    audits = {"Python": audit_python(folder), "npm": audit_npm(folder)}
    out.write_text("\n".join(fault for audit in audits.values() for fault in audit.found))
    texts = [
        f"{kind}: {audit.checked} of {audit.packages} packages checked, {len(audit.found)} vulnerabilities"
        if audit.checked
        else f"{kind}: NOT RUN, the registry has no advisories"
        for kind, audit in audits.items()
    ]
    return Result(not any(audit.found for audit in audits.values()), "; ".join(texts))


def run(command: list[str], out: Path, folder: Path, options: argparse.Namespace, **environ: str) -> int:
    """Run a scanner, write what it prints to ``out``, and return its exit status; 124 if it takes too long."""
    with out.open("w") as stream:
        try:
            return subprocess.run(
                command, cwd=folder, stdout=stream, stderr=stream, check=False, stdin=subprocess.DEVNULL,
                env={**os.environ, **environ}, timeout=options.minutes * 60 + 120,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired:
            return 124


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scans", nargs="*", metavar="SCAN", help=f"any of {', '.join(SCANS)}; default: all")
    parser.add_argument("--examples", type=int, default=20, help="random requests for each operation and role")
    parser.add_argument("--minutes", type=int, default=9, help="the longest time of one scan")
    parser.add_argument("--out", type=Path, default=Path("build/security"), help="folder of the reports")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if unknown := set(options.scans) - set(SCANS):
        parser.error(f"unknown scans: {', '.join(sorted(unknown))}; known: {', '.join(SCANS)}")
    failed = False
    with tempfile.TemporaryDirectory() as base:
        for name in options.scans or SCANS:
            began, out = time.monotonic(), (options.out / f"{name}.txt").resolve()
            folder = Path(base) / name
            scan = {"tls": scan_tls, "web": scan_web, "advisories": scan_advisories}.get(name)
            result = scan(folder, out, options) if scan else scan_role(name, folder, out, options)
            took = time.monotonic() - began
            print(f"{'passed' if result.passed else 'FAILED'}  {name}, {took:.0f} s: {result.text}", flush=True)
            failed = failed or not result.passed
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
