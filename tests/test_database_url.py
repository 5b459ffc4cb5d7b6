"""The setting ``store.url``: its forms, its errors, and its password, which no text repeats."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hub.assembly.database import postgresql
from hub.assembly.load_settings import load_settings
from hub.errors import ConfigError, NotInstalled
from hub.runtime.database_url import database_name, database_password
from hub.runtime.settings import reveal
from hub.runtime.settings_errors import secret_values


@pytest.mark.parametrize(
    ("url", "name", "password"),
    [
        ("postgresql://hub:pw@db.example.org/watchkeeper", "db.example.org/watchkeeper", "pw"),
        ("postgres://hub:p%2Fw%40x@db:5433/w", "db:5433/w", "p/w@x"),
        ("postgresql://hub@[fd00::1]:5432/w", "[fd00::1]:5432/w", None),
        ("postgresql://hub:pw@a:1,b:2/w?target_session_attrs=read-write", "a:1,b:2/w", "pw"),
        ("postgresql://hub@/w?host=/run/postgresql&port=5433", "/run/postgresql:5433/w", None),
        ("postgresql:///w?password=pw", "localhost/w", "pw"),
        ("postgresql://%2Frun%2Fpostgresql/w", "/run/postgresql/w", None),
    ],
)
def test_database_is_named_without_its_password(url: str, name: str, password: str | None) -> None:
    found = load_settings(environ={"HUB_STORE_URL": f" {url}\n"}).store
    assert reveal(found.url) == url
    assert (database_name(url), database_password(url)) == (name, password)
    assert url not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://hub:SECRET@db/w",
        "postgresql:SECRET",
        "hub:SECRET@db/w",
        "postgresql://hub:SEC/RET@db/w",
        "postgresql://hub:5/SECRET@db/w",
        "postgresql://hub:5#SECRET@db/w",
        "postgresql://hub:5?SECRET@db/w",
        "postgresql://hub:SEC@RET@db/w",
        "postgresql://hub:SECRET%zz@db/w",
        "postgresql://hub:SECRET@db:port/w",
        "postgresql://hub:SECRET@[db/w",
        "postgresql://hub:SECRET@db/w\x07",
    ],
)
def test_invalid_url_is_refused_without_showing_it(tmp_path: Path, url: str) -> None:
    secret = tmp_path / "url"
    secret.write_text(url)
    for environ in ({"HUB_STORE_URL": url}, {"HUB_STORE_URL_FROM": str(secret)}):
        with pytest.raises(ConfigError, match=r"Allowed: postgresql://USER:PASSWORD@HOST:PORT/DATABASE") as caught:
            load_settings(environ=environ)
        assert "RET" not in str(caught.value)


def test_url_can_be_in_a_file_or_empty(tmp_path: Path) -> None:
    secret, file = tmp_path / "url", tmp_path / "hub.toml"
    secret.write_text("postgresql://hub:pw@db/w\n")
    file.write_text(f'[store]\nurl_from = "{secret}"\n')
    settings = load_settings(file, environ={})
    assert reveal(settings.store.url) == "postgresql://hub:pw@db/w"
    assert "postgresql://hub:pw@db/w" in set(secret_values(settings)), "backups leave it out"
    assert load_settings(environ={"HUB_STORE_URL": " "}).store.url is None


def test_missing_driver_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith(("psycopg", "hub.store.postgresql"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(NotInstalled, match=r"pip install 'watchkeeper\[postgresql\]'"):
        postgresql()
