"""Reading the reports of pip-audit and npm audit: what was found, and what could not be checked."""

from __future__ import annotations

from advisories import Advisories, read_npm_audit, read_pip_audit


def test_vulnerable_python_package_is_named_with_its_advisory() -> None:
    report = {
        "dependencies": [
            {"name": "sound", "version": "1.0", "vulns": []},
            {"name": "weak", "version": "2.1", "vulns": [{"id": "PYSEC-2024-1", "fix_versions": ["2.2"]}]},
        ]
    }
    assert read_pip_audit(report) == Advisories(["weak 2.1: PYSEC-2024-1"], 2, 2)


def test_python_package_without_advisories_is_not_counted_as_checked() -> None:
    report = {"dependencies": [{"name": "unlisted", "version": "1.0", "skip_reason": "Dependency not found on PyPI"}]}
    assert read_pip_audit(report) == Advisories([], 0, 1)


def test_vulnerable_npm_package_is_named_with_its_severity() -> None:
    report = {
        "vulnerabilities": {"weak": {"name": "weak", "severity": "high"}},
        "metadata": {"dependencies": {"total": 140}},
    }
    assert read_npm_audit(report) == Advisories(["weak: high"], 140, 140)


def test_npm_registry_without_advisories_checks_nothing() -> None:
    assert read_npm_audit({"message": "405 Method Not Allowed", "error": {"code": "E405"}}) == Advisories([], 0, 0)


def test_audit_that_failed_is_not_a_clean_one() -> None:
    assert read_pip_audit({"error": "No route to host"}).found == ["pip-audit made no report: No route to host"]
