"""Messages of alerts in the language and the units of the person who gets them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub import text_format as fmt
from hub.accounts.account import Account
from hub.accounts.profile import Profile
from hub.insight.signature import built_in
from hub.model import Alert, Message, MetricDescription, NotificationReceiver
from hub.notifications.alert_texts import alert_text, limit_text
from hub.notifications.base import DeliveryFailed
from hub.notifications.channels import CHANNEL_KINDS
from hub.notifications.diagnosis_quotes import DiagnosisQuote
from hub.notifications.hub_watch import LASTING_MS, HubWatch
from hub.notifications.locales import MessageLocale, locale_of
from hub.notifications.messages import MessageComposer, MessageStyle
from hub.notifications.receivers import AccountDirectory
from hub.notifications.settings import NotificationChannel, NotificationConfig, PersonAddress, PersonNotifications
from hub.notifications.templates import MessageTemplate, default_template
from hub.rules import parse
from hub.rules.describe import message_fields
from hub.runtime.translations import LANGUAGES

VECTORS = json.loads((Path(__file__).parent / "vectors" / "alert_texts.json").read_text("utf-8"))
IMPERIAL = MessageLocale(units="imperial")


def alert_of(kind: str | None, params: dict[str, Any], metric: str = "bearing", **more: Any) -> Alert:
    return Alert(
        *("a-1", "hot", "pump-1", metric, "critical", "raised", "English", params.get("value"), None),
        *(params.get("unit"), 1_000, 2_000),
        message_key=kind,
        message_params=params,
        **more,
    )


def raised(rule: str, value: float, unit: str) -> Alert:
    """Return an alert of a rule on the metric t, with the text and the parameters that the hub gives it."""
    (parsed,) = parse(f'[[rule]]\nid = "r"\nseverity = "warning"\nmetric = "t"\n{rule}')
    fields = message_fields(parsed, value, unit, 0, MetricDescription("Boiler", None, "measurement", 1))
    return Alert("a", "r", "d", "t", "warning", "raised", **fields, value=value, unit=unit, since=1,
                 threshold=parsed.condition.threshold, raised_at=1)  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: each["kind"])
@pytest.mark.parametrize("code", LANGUAGES)
def test_alert_reads_as_on_the_dashboard(code: Any, vector: dict[str, Any]) -> None:
    assert alert_text(alert_of(vector["kind"], vector["params"]), MessageLocale(code)) == vector[code]


@pytest.mark.parametrize(
    ("rule", "value", "unit", "expected"),
    [
        ('above = 80\nfor = "5s"', 89.25, "°C", "boiler 192.7 °F, above 176 °F for 5 s"),
        ("above = 80\ncritical = { above = 90, clear = 85 }", 100, "°C", "boiler 212 °F, above 176 °F"),
        ('kind = "range"\noutside = [2, 8]', 10, "°C", "boiler 50 °F, outside 35.6 to 46.4 °F"),
        ('kind = "compare"\nwith = "u"\nabove = 5', 20, "°C", "boiler 68 °F, minus u above 9 °F"),
        ('kind = "rate"\nby = 5\nwithin = "1min"', 20, "°C", "boiler 68 °F, rises more than 9 °F in 1 min"),
        ('kind = "count"\nabove = 80\ntimes = 3\nwithin = "10min"', 100, "°C",
         "boiler 212 °F, above 176 °F, 3 times within 10 min"),
        ("below = 2", 1.5, "bar", "boiler 21.8 psi, below 29.0075 psi"),
        ("above = 80", 90, "rpm", "boiler 90 rpm, above 80 rpm"),
    ],
)  # fmt: skip
def test_english_alert_is_converted_to_the_units_of_the_person(
    rule: str, value: float, unit: str, expected: str
) -> None:
    alert = raised(rule, value, unit)
    assert alert_text(alert, IMPERIAL) == expected
    assert alert_text(alert, MessageLocale()) == alert.message
    assert expected.split(" ")[0] in alert.message


@pytest.mark.parametrize(
    ("rule", "english", "german"),
    [
        ('kind = "compare"\nwith = "u"\nabove = 5', "boiler minus u above 5 °C", "Boiler minus u über 5 °C"),
        ('kind = "range"\noutside = [2, 8]', "boiler outside 2 to 8 °C", "Boiler außerhalb von 2 bis 8 °C"),
        ('kind = "rate"\nby = 5\nwithin = "1min"', "boiler rises more than 5 °C in 1 min",
         "Boiler steigt um mehr als 5 °C in 1 min"),
    ],
)  # fmt: skip
def test_limit_of_a_rule_without_a_single_number_is_what_it_compares(rule: str, english: str, german: str) -> None:
    alert = raised(rule, 20, "°C")
    assert limit_text(alert, MessageLocale()) == english
    assert limit_text(alert, MessageLocale("de")) == german
    composer = MessageComposer(lambda device: None, lambda: "https://hub", {})
    template = MessageTemplate("{{ device }}", "Limit: {{ limit }}")
    assert composer.compose("firing", [alert], 5, MessageStyle(template)).text == f"Limit: {english}"
    assert limit_text(msgspec.structs.replace(alert, threshold=80.0), IMPERIAL) == "176 °F"
    assert limit_text(msgspec.structs.replace(alert, message_params={}), MessageLocale()) is None


def test_alert_of_joined_conditions_keeps_its_units() -> None:
    rule = 'kind = "all"\n[[rule.conditions]]\nmetric = "t"\nabove = 80\n'
    (parsed,) = parse(f'[[rule]]\nid = "r"\n{rule}')
    fields = message_fields(parsed, 89, "°C", 0, MetricDescription("Boiler", None, "measurement", 1))
    alert = Alert("a", "r", "d", "t", "warning", "raised", **fields, value=89, threshold=None, unit="°C", since=1,
                  raised_at=1)  # fmt: skip
    assert alert_text(alert, IMPERIAL) == "boiler above 80"


def test_units_differ_by_quantity() -> None:
    locale = locale_of(Profile("de", "metric", {"pressure": "imperial"}))
    assert alert_text(raised("below = 2", 1.5, "bar"), locale) == "Boiler 21,8 psi, unter 29,0075 psi"
    assert alert_text(raised("above = 32", 50, "°F"), locale) == "Boiler 10 °C, über 0 °C"
    assert fmt.number(1.5) == "1.5"
    assert MessageLocale(units="imperial").reading(20.04, "°C") == "68.1 °F"
    assert MessageLocale(units="imperial").limit(20.04, "°C") == "68.072 °F"
    assert MessageLocale().reading(20.04, "°C") == "20 °C"


@pytest.mark.parametrize("locale", [MessageLocale("de"), MessageLocale("es", "imperial"), IMPERIAL])
@pytest.mark.parametrize(
    ("kind", "params"),
    [(None, {}), ("threshold", {}), ("threshold", {"unit": "°C"}), ("new", {"unit": "°C", "condition": {}}),
     ("threshold", {"unit": "°C", "value": 1, "name": "x", "condition": {"above": "x"}})],
)  # fmt: skip
def test_alert_with_other_parameters_keeps_its_text(locale: MessageLocale, kind: str, params: dict[str, Any]) -> None:
    assert alert_text(alert_of(kind, params), locale) == "English"


@pytest.mark.parametrize(
    ("code", "title", "text"),
    [
        ("en", "Critical: pump-1 - hot, too and 11 more",
         "pump-1: English. It is raised and cleared again and again. The next message is sent when its severity rises "
         "or it is stable.\nRule: hot, too\nSince 1970-01-01 00:00:01 UTC"),
        ("de", "Kritisch: pump-1 - hot, too, weitere Alarme: 11",
         "pump-1: Bearing 89,3 °C, über 85 °C für mindestens 5 s. Der Alarm wird immer wieder ausgelöst und beendet. "
         "Die nächste Nachricht wird gesendet, wenn sein Schweregrad steigt oder er stabil ist.\nRegel: hot, too\n"
         "Seit 1970-01-01 00:00:01 UTC"),
        ("es", "Crítica: pump-1 - hot, too, otras alertas: 11",
         "pump-1: Bearing 89,3 °C, por encima de 85 °C durante al menos 5 s. La alerta se activa y se resuelve una y "
         "otra vez. El próximo mensaje se enviará cuando suba su gravedad o se estabilice.\nRegla: hot, too\n"
         "Desde 1970-01-01 00:00:01 UTC"),
    ],
)  # fmt: skip
def test_default_message_in_each_language(code: Any, title: str, text: str) -> None:
    composer = MessageComposer(lambda device: None, lambda: "http://hub", {}, lambda: {"hot": "hot, too"})
    style = MessageStyle(locale=MessageLocale(code, time_zone="UTC"))
    alerts = [alert_of("threshold", VECTORS[0]["params"], flapping=True)] * 12
    message = composer.compose("firing", alerts, 2_000, style)
    assert (message.title, message.text.split("\n\n")[0]) == (title, text)
    assert message.alerts[0].message == "English"
    over = composer.compose("resolved", [alert_of(None, {}, ended_at=61_000)], 2_000, style)
    assert over.title.partition(":")[0] == {"en": "Resolved", "de": "Beendet", "es": "Resuelta"}[code]
    assert "1 min" in over.text


def test_template_of_a_person_who_reads_german_has_their_units() -> None:
    composer = MessageComposer(lambda device: None, lambda: "http://hub", {})
    template = MessageTemplate("{{ severity }} {{ value }} > {{ limit }}", default_template("en").text)
    style = MessageStyle(template, locale=MessageLocale("de", "imperial", time_zone="UTC"))
    alert = raised("above = 80", 1_000, "°C")
    message = composer.compose("firing", [alert], 2_000, style)
    assert message.title == "warning 1.832 °F > 176 °F"
    assert "Boiler 1.832 °F, über 176 °F\nRegel: r" in message.text


@pytest.mark.parametrize(
    ("code", "sentence"),
    [("en", "Blocked filter: flow fell."), ("de", "Wahrscheinliche Ursache: Filter verstopft."),
     ("es", "Causa probable: Filtro obstruido.")],
)  # fmt: skip
def test_cause_is_named_in_the_language_of_the_reader(code: str, sentence: str) -> None:
    cause = next(each.id for each in built_in() if each.title == "Blocked filter")
    quotes: dict[str, DiagnosisQuote | None] = {"a-1": DiagnosisQuote("Blocked filter: flow fell.", cause)}
    composer = MessageComposer(lambda device: None, lambda: "http://hub", quotes)
    alert = alert_of("threshold", VECTORS[0]["params"])
    message = composer.compose("firing", [alert], 2_000, MessageStyle(locale=MessageLocale(code)))
    assert message.text.endswith(f"\n{sentence}")
    assert message.alerts[0].diagnosis == "Blocked filter: flow fell."
    assert "flow fell" not in composer.compose("resolved", [alert], 2_000, MessageStyle()).text
    own = DiagnosisQuote("Cat on the pump: flow fell.", "cat_on_the_pump")
    assert own.text(code) == own.sentence


async def test_fault_of_the_hub_is_reported_to_each_administrator_in_their_language(tmp_path: Path) -> None:
    config, directory, told = NotificationConfig(tmp_path), AccountDirectory(), list[tuple[str | None, str, str]]()
    values = {"server": "http://x", "topic": "t"}
    await config.put_channel(NotificationChannel("n", "ntfy", "n", values))
    await config.put_channel(NotificationChannel("s", "ntfy", "s", values, language="es"))
    directory.accounts = [Account("u-de", "Dora", "administrator", profile=Profile("de"))]
    await config.put_person("u-de", PersonNotifications((PersonAddress("n", "dora"),)))
    now, failing = [1_000_000], ["The store cannot be written."]

    async def send(to: NotificationReceiver, message: Message, group: str) -> DeliveryFailed | None:
        told.append((to.person, message.title, message.text))
        return None

    watch = HubWatch(config, directory, send, lambda: now[0])
    watch.failing = lambda: failing
    await watch.check()
    now[0] += LASTING_MS
    await watch.check()
    failing.clear()
    await watch.check()
    assert set(told) == {
        (None, "Watchkeeper has a problem", "The store cannot be written."),
        ("u-de", "Watchkeeper hat ein Problem", "The store cannot be written."),
        (None, "Watchkeeper works normally again", "Broker, store and clock work again."),
        (None, "Watchkeeper tiene un problema", "The store cannot be written."),
        (
            *(None, "Watchkeeper vuelve a funcionar con normalidad"),
            "El broker, el almacenamiento y el reloj vuelven a funcionar.",
        ),
        ("u-de", "Watchkeeper arbeitet wieder normal", "Broker, Speicher und Uhr funktionieren wieder."),
    }


@pytest.mark.parametrize("code", ["en", *LANGUAGES])
def test_dashboard_translates_the_words_of_channels(code: str) -> None:
    texts = Path(__file__).parents[1] / "web" / "src" / "texts" / code / "channels.json"
    shown = set()
    for kind in CHANNEL_KINDS.values():
        fields = [*kind.fields, *([kind.address] if kind.address else [])]
        shown |= {kind.title, *(field.title for field in fields), *(field.help for field in fields if field.help)}
    assert set(json.loads(texts.read_text("utf-8"))) == shown | {"browsers"}


def test_dashboard_knows_the_names_that_channels_have_from_their_kind() -> None:
    source = Path(__file__).parents[1] / "web" / "src" / "notifications" / "channelWords.ts"
    titles = dict(re.findall(r"^  (\w+): '(.+)',$", source.read_text("utf-8"), re.MULTILINE))
    assert titles == {kind.kind: kind.title for kind in CHANNEL_KINDS.values()}
