"""Notifications from end to end: an alert is raised, and a real receiver gets the message."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email
import hashlib
import hmac
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP, Envelope
from PIL import Image

from api_hub import RULES, ApiHub, now_ms, running_hub
from http_receiver import HttpReceiver, http_receiver
from hub.notifications import pictures
from receiver import until
from signed_in import BEARER, TOKEN, Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT_ONCE = {"name": "All", "group_wait_s": 0, "diagnosis_wait_s": 0, "steps": [{"channels": ["*"], "roles": ["viewer"]}]}

FLOW = """
[[rule]]
id = "flow"
severity = "warning"
metric = "flow"
above = 10
"""


@dataclass
class Site:
    """A hub with the channel ``hook`` to the receiver."""

    hub: ApiHub
    receiver: HttpReceiver

    async def do(self, method: str, path: str, status: int = 200, **body: Any) -> Any:
        answer = await self.hub.http.request(method, path, json=body or None, headers=BEARER)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def channel(self, name: str, url: str, **more: Any) -> None:
        values = {**({"url": url} if url else {}), **more.pop("values", {})}
        wanted = {"kind": "webhook", "name": name, "values": values, **more}
        await self.do("PUT", f"/api/notifications/channels/{name}", **wanted)

    async def routes(self, *routes: dict[str, Any]) -> None:
        await self.do("PUT", "/api/notifications/routes", routes=list(routes))

    async def alert(self, device: str) -> dict[str, Any]:
        """Raise an alert of a device and return it."""
        await self.hub.telemetry(device, temperature=95)
        (alert,) = (await self.do("GET", f"/api/alerts?state=open&device_id={device}"))["items"]
        return dict(alert)

    async def clear(self, device: str) -> None:
        await self.hub.telemetry(device, temperature=20)

    async def deliveries(self, device: str, **query: Any) -> list[dict[str, Any]]:
        """Return the deliveries about a device, newest first."""
        alerts = {each["id"] for each in (await self.do("GET", f"/api/alerts?device_id={device}"))["items"]}
        found = await self.hub.http.get("/api/notifications/deliveries", params=query, headers=BEARER)
        return [each for each in found.json()["items"] if alerts & set(each["alerts"])]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("notifications")
    async with http_receiver() as receiver, running_hub(folder, token=TOKEN, real_ai=True, rules=RULES + FLOW) as hub:
        yield Site(hub, receiver)


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def settings(site: Site) -> AsyncIterator[None]:
    """Begin each test with one channel and one route."""
    site.receiver.answer = lambda posted: "200 OK\r\n"
    await site.channel("hook", f"{site.receiver.url}/secret-path", values={"secret": "s3cret-key"})
    await site.routes(AT_ONCE)
    yield
    for each in (await site.do("GET", "/api/notifications"))["channels"]:
        await site.do("DELETE", f"/api/notifications/channels/{each['id']}")


async def test_alert_is_sent_signed_and_its_end_to_the_same_receivers(site: Site) -> None:
    alert = await site.alert("pump-1")
    (firing,) = await site.receiver.heard("pump-1", 1)
    posted = site.receiver.posted[-1]
    fact = firing["alerts"][0]
    assert (firing["status"], firing["severity"]) == ("firing", "critical")
    assert (fact["id"], fact["value"], fact["threshold"]) == (alert["id"], 95, 80)
    assert fact["url"] == f"http://hub.test/alerts/{alert['id']}"
    stamp = posted.headers["webhook-timestamp"]
    signed = f"{firing['key']}.{stamp}.".encode() + posted.body
    digest = base64.b64encode(hmac.digest(b"s3cret-key", signed, hashlib.sha256)).decode()
    assert posted.headers["webhook-signature"] == f"v1,{digest}"
    assert posted.headers["webhook-id"] == posted.headers["idempotency-key"] == firing["key"]
    await site.clear("pump-1")
    _, resolved = await site.receiver.heard("pump-1", 2)
    assert (resolved["status"], resolved["group"]) == ("resolved", firing["group"])
    assert resolved["key"] != firing["key"]


@pytest.mark.parametrize(
    ("language", "firing", "resolved"),
    [(None, "Critical: ", "Resolved: "), ("de", "Kritisch: ", "Beendet: "), ("es", "Crítica: ", "Resuelta: ")],
)
async def test_channel_has_a_language_for_messages_that_are_not_for_a_person(
    site: Site, language: str | None, firing: str, resolved: str
) -> None:
    url, device = f"{site.receiver.url}/secret-path", f"pump-{language or 'en'}"
    await site.channel("hook", url, language=language)
    (saved,) = (await site.do("GET", "/api/notifications"))["channels"]
    assert saved["language"] == language
    await site.alert(device)
    await site.receiver.heard(device, 1)
    await site.clear(device)
    sent = await site.receiver.heard(device, 2)
    assert [each["title"].partition(device)[0] for each in sent] == [firing, resolved]
    shown = await site.do("POST", "/api/notifications/preview", title="", text="", language=language)
    assert shown["title"].startswith(firing)
    tested = {"kind": "webhook", "name": "hook", "values": {"url": url}, "language": language}
    assert (await site.do("POST", "/api/notifications/channels/hook/test", **tested))["ok"]
    title = {"de": "Testnachricht von", "es": "Mensaje de prueba de"}.get(language or "", "Test message from")
    assert site.receiver.posted[-1].json["title"] == f"{title} Watchkeeper"
    await site.do("PUT", "/api/notifications/channels/hook", **tested | {"language": "xx"}, status=422)


async def test_message_waits_for_the_diagnosis_and_quotes_its_first_sentence(site: Site) -> None:
    await site.routes({**AT_ONCE, "diagnosis_wait_s": 60})
    await site.alert("pump-2")
    (firing,) = await site.receiver.heard("pump-2", 1)
    assert firing["alerts"][0]["diagnosis"]
    assert firing["alerts"][0]["diagnosis"] in firing["text"]


async def test_alert_that_gets_no_diagnosis_is_sent_without_waiting_for_one(site: Site) -> None:
    await site.routes({**AT_ONCE, "diagnosis_wait_s": 600, "group_by": "alert"})
    await site.hub.telemetry("pump-30", temperature=95)
    await site.receiver.heard("pump-30", 1)
    await site.hub.telemetry("pump-30", temperature=95, flow=20)
    _, second = await site.receiver.heard("pump-30", 2)
    assert [(each["metric"], each["diagnosis"]) for each in second["alerts"]] == [("flow", None)]


async def test_diagnosis_that_names_no_cause_ends_the_wait_and_is_not_quoted(site: Site) -> None:
    await site.routes({**AT_ONCE, "diagnosis_wait_s": 600})
    await site.hub.telemetry("pump-31", flow=20)
    (firing,) = await site.receiver.heard("pump-31", 1)
    (alert,) = (await site.do("GET", "/api/alerts?device_id=pump-31"))["items"]
    assert (alert["diagnosis_state"], alert["diagnosis"]["cause"]) == ("ready", None)
    assert firing["alerts"][0]["diagnosis"] is None
    assert "evidence" not in firing["text"]


async def test_over_acknowledged_and_silenced_alerts_are_not_sent(site: Site) -> None:
    await site.routes({**AT_ONCE, "group_wait_s": 1})
    await site.alert("pump-3")
    await site.clear("pump-3")
    acknowledged = await site.alert("pump-4")
    await site.do("POST", f"/api/alerts/{acknowledged['id']}/acknowledge")
    silence = {"devices": ["pump-5"], "note": "Service", "ends_at": now_ms() + 3_600_000}
    made = await site.do("POST", "/api/silences", 201, **silence)
    await site.alert("pump-5")
    await site.alert("pump-6")
    await site.receiver.heard("pump-6", 1)
    assert not site.receiver.about("pump-3")
    assert not site.receiver.about("pump-4")
    assert not site.receiver.about("pump-5")
    await site.do("DELETE", f"/api/silences/{made['id']}")
    await site.receiver.heard("pump-5", 1)


async def test_resolved_is_sent_through_a_silence_that_began_after_the_message(site: Site) -> None:
    await site.alert("pump-7")
    await site.receiver.heard("pump-7", 1)
    silence = {"devices": ["pump-7"], "note": "Service", "ends_at": now_ms() + 3_600_000}
    await site.do("POST", "/api/silences", 201, **silence)
    await site.clear("pump-7")
    assert [each["status"] for each in await site.receiver.heard("pump-7", 2)] == ["firing", "resolved"]


async def test_alert_that_flaps_from_the_beginning_is_sent_once_and_says_so(site: Site) -> None:
    await site.routes({**AT_ONCE, "group_wait_s": 600, "diagnosis_wait_s": 600})
    for _ in range(5):
        await site.alert("pump-9f")
        await site.clear("pump-9f")
    await site.alert("pump-9f")
    (firing,) = await site.receiver.heard("pump-9f", 1)
    assert (firing["status"], firing["alerts"][0]["flapping"]) == ("firing", True)
    assert "raised and cleared again and again" in firing["text"]


async def test_failing_channels_hold_up_no_other_and_list_each_attempt(site: Site) -> None:
    async with http_receiver() as bad:
        answers = {"/busy": "429 Too Many Requests\r\nRetry-After: 600\r\n", "/refuses": "404 Not Found\r\n"}
        hanging = asyncio.Event()

        async def answer(posted: Any) -> str:
            if posted.path == "/hangs":
                await hanging.wait()
            return answers.get(posted.path, "200 OK\r\n")

        bad.answer = answer
        for name in ("hangs", "busy", "refuses"):
            await site.channel(name, f"{bad.url}/{name}")
        with contextlib.closing(__import__("socket").socket()) as gone:
            gone.bind(("127.0.0.1", 0))
            await site.channel("gone", f"http://127.0.0.1:{gone.getsockname()[1]}/token-12345")
            await site.alert("pump-8")
            await site.receiver.heard("pump-8", 1)

            async def settled() -> dict[str, Any]:
                return {each["channel"]: each for each in await site.deliveries("pump-8")}

            async with asyncio.timeout(30):
                while any(not each["attempts"] for name, each in (await settled()).items() if name != "hangs"):
                    await asyncio.sleep(0.02)
        found = await settled()
    reasons = {name: [each["reason"] for each in found[name]["attempts"]] for name in found}
    assert reasons == {
        "hook": [None],
        "busy": ["rate_limit"],
        "refuses": ["rejected"],
        "gone": ["unreachable"],
        "hangs": [],
    }
    states = {name: each["state"] for name, each in found.items()}
    assert states == {
        "hook": "delivered", "busy": "waiting", "refuses": "failed", "gone": "waiting", "hangs": "sending"
    }  # fmt: skip
    assert found["busy"]["due_at"] > now_ms() + 500_000  # as the receiver asked
    assert "token-12345" not in str(found)
    assert found["gone"]["attempts"][0]["target"].endswith("/…")
    bad_number = found["refuses"]["number"]
    await site.do("POST", f"/api/notifications/deliveries/{bad_number}/retry", 202)
    hanging.set()


@pytest.mark.parametrize("repair", ["save", "test", "send again"])
async def test_repaired_channel_starts_again_at_once(site: Site, repair: str) -> None:
    device = f"pump-{repair.replace(' ', '-')}"
    refusal = "503 Service Unavailable\r\nRetry-After: 99999999999999999999\r\n"
    site.receiver.answer = lambda posted: refusal
    await site.alert(device)
    await site.receiver.heard(device, 1)
    async with asyncio.timeout(30):
        while not ((waiting := (await site.deliveries(device))[0])["attempts"]):
            await asyncio.sleep(0.02)
    assert now_ms() + 300_000 < waiting["due_at"] <= now_ms() + 600_000  # not as long as the receiver asked
    site.receiver.answer = lambda posted: "200 OK\r\n"
    if repair == "save":
        await site.channel("hook", f"{site.receiver.url}/repaired")
    elif repair == "test":
        settings = next(
            each for each in (await site.do("GET", "/api/notifications"))["channels"] if each["id"] == "hook"
        )
        wanted = {"kind": "webhook", "name": settings["name"], "values": {}}
        assert (await site.do("POST", "/api/notifications/channels/hook/test", **wanted))["ok"]
    else:
        await site.do("POST", f"/api/notifications/deliveries/{waiting['number']}/retry", 202)
    await site.receiver.heard(device, 2)


async def test_end_is_not_sent_to_receiver_that_never_got_the_alert(site: Site) -> None:
    site.receiver.answer = lambda posted: "429 Too Many Requests\r\nRetry-After: 3600\r\n"
    await site.alert("pump-9")
    await until(lambda: site.receiver.about("pump-9"))
    while not (await site.deliveries("pump-9"))[0]["attempts"]:
        await asyncio.sleep(0.02)
    await site.clear("pump-9")
    while (await site.deliveries("pump-9"))[0]["state"] != "cancelled":
        await asyncio.sleep(0.02)
    assert [each["kind"] for each in await site.deliveries("pump-9")] == ["firing"]


async def test_end_is_sent_to_receiver_that_may_have_got_the_alert(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.notifications.worker.FIRST_DELAY_S", 0.5)
    async with broken_off() as (url, requests):
        await site.channel("torn", url)
        await site.alert("pump-10")
        await until(lambda: requests)
        while not any(each["attempts"] for each in await site.deliveries("pump-10", channel="torn")):
            await asyncio.sleep(0.02)
        await site.clear("pump-10")
        await until(lambda: any(b'"status":"resolved"' in each for each in requests), 30)
    assert b'"status":"firing"' in requests[0]
    assert [each["kind"] for each in await site.deliveries("pump-10", channel="torn")] == ["resolved", "firing"]


@contextlib.asynccontextmanager
async def broken_off() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Run a server that reads each request, and closes the connection without an answer."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            requests.append(await reader.readexactly(length))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", requests
    finally:
        server.close()


async def test_message_has_a_chart_that_needs_a_token_to_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "WAIT_S", 60.0)  # on a busy machine, a chart takes longer than a message should wait
    await site.channel("ntfy", "", kind="ntfy", values={"server": site.receiver.url, "topic": "charts"})
    for number in range(12):
        await site.hub.telemetry("pump-11", temperature=20 + number)
    alert = await site.alert("pump-11")
    await until(lambda: [each for each in site.receiver.posted if each.path == "/charts"], 30)
    (sent,) = (each for each in site.receiver.posted if each.path == "/charts")
    read = await site.hub.http.get(f"/api/alerts/{alert['id']}/chart.png", headers=BEARER)
    assert (read.status_code, read.headers["content-type"]) == (200, "image/png")
    for png in (sent.body, read.content):
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            assert image.width == 960
    assert (await site.hub.http.get(f"/api/alerts/{alert['id']}/chart.png")).status_code == 401


async def test_channel_template_overrides_route_template_and_is_previewed(site: Site) -> None:
    await site.channel("own", f"{site.receiver.url}/own", template={"title": "{{ severity }} {{ device }}"})
    await site.routes({**AT_ONCE, "template": {"title": "Route", "text": "{{ value }} > {{ limit }} ({{ status }})"}})
    alert = await site.alert("pump-12")
    await until(lambda: len(site.receiver.about("pump-12")) == 2, 30)
    paths = ("/secret-path", "/own")
    sent = {each.path: each.json for each in site.receiver.posted if each.path in paths and each.json.get("alerts")}
    found = [(sent[path]["title"], sent[path]["text"]) for path in paths]
    assert found == [("Route", "95 > 80 (firing)"), ("critical pump-12", "95 > 80 (firing)")]
    tried = {"title": "{{ device }}", "text": "{{ since | truncate(5) }}", "alert_id": alert["id"]}
    preview = await site.do("POST", "/api/notifications/preview", **tried)
    assert (preview["title"], preview["alert_id"], len(preview["text"])) == ("pump-12", alert["id"], 5)
    answer = await site.hub.http.post("/api/notifications/preview", json={"status": "resolved"}, headers=BEARER)
    assert answer.json()["title"].startswith("Resolved: "), answer.text
    for wrong in ("{{ password }}", "{{ 'a' * 10 ** 9 }}"):
        refused = await site.do("POST", "/api/notifications/preview", 422, title=wrong)
        assert "title is not valid" in str(refused)
        await site.do("PUT", "/api/notifications/routes", 422, routes=[{**AT_ONCE, "template": {"title": wrong}}])
    await site.do("POST", "/api/notifications/preview", 404, alert_id="none")


async def test_template_that_fails_for_an_alert_is_replaced_by_the_default_one(site: Site) -> None:
    await site.routes({**AT_ONCE, "template": {"text": "{% if message > 1 %}never{% endif %}"}})
    await site.alert("pump-13")
    (firing,) = await site.receiver.heard("pump-13", 1)
    assert (firing["title"], "Since " in firing["text"]) == ("Critical: pump-13 - Too hot", True)


async def test_secrets_are_kept_and_never_returned(site: Site) -> None:
    found = await site.do("GET", "/api/notifications")
    (channel,) = found["channels"]
    assert channel["secrets"] == ["secret", "url"]
    assert channel["target"] == f"{site.receiver.url}/…"
    assert "secret-path" not in str(found)
    assert "s3cret-key" not in str(found)
    await site.do("PUT", "/api/notifications/channels/hook", kind="webhook", name="Renamed", values={})
    (channel,) = (await site.do("GET", "/api/notifications"))["channels"]
    assert (channel["name"], channel["secrets"]) == ("Renamed", ["secret", "url"])


async def test_test_message_says_what_is_wrong(site: Site) -> None:
    wanted = {"kind": "webhook", "name": "x", "values": {"url": f"{site.receiver.url}/t"}}
    assert (await site.do("POST", "/api/notifications/channels/x/test", **wanted))["ok"]
    assert site.receiver.posted[-1].json["status"] == "test"
    site.receiver.answer = lambda posted: "401 Unauthorized\r\n"
    refused = await site.do("POST", "/api/notifications/channels/x/test", **wanted)
    assert (refused["ok"], refused["reason"]) == (False, "auth")
    for values in ({}, {"url": "ftp://x"}, {"url": "http://x", "more": 1}, {"url": "http://169.254.169.254/latest"}):
        await site.do("POST", "/api/notifications/channels/x/test", 422, **{**wanted, "values": values})


async def invite(site: Site, browser: Browser, name: str, **wanted: Any) -> str:
    """Create an account and return its id."""
    made = await site.do("POST", "/api/people/invitations", 201, **wanted)
    assert (await browser.welcome(made["url"].partition("#")[2], name)).status_code == 200
    return str((await browser.http.get("/api/account")).json()["id"])


async def test_person_gets_only_what_their_limits_allow_and_waits_through_quiet_hours(site: Site) -> None:
    await site.channel("ntfy", "", kind="ntfy", values={"server": site.receiver.url}, shared=False)
    area = (await site.do("POST", "/api/areas", 201, name="North"))["id"]
    for device in ("north-1", "south-1"):
        await site.hub.telemetry(device, temperature=20)
    await site.do("PATCH", "/api/devices/north-1", area=area)
    async with Browser(site.hub) as vera, Browser(site.hub) as quentin, Browser(site.hub) as ada:
        await invite(site, ada, "Ada", role="administrator")
        limits = {"areas": [area], "labels": []}
        await invite(site, vera, "Vera", role="viewer", limits=limits)
        quiet_id = await invite(site, quentin, "Quentin", role="viewer")
        always = {"days": list(range(7)), "start": 0, "end": 0, "zone": "UTC"}
        refused = await ada.http.put("/api/account/notifications", json={"quiet": [always]})
        assert refused.status_code == 422, refused.text
        assert "whole week" in refused.text
        saved = await vera.http.patch("/api/account", json={"time_zone": "Asia/Kathmandu"})
        assert saved.status_code == 200, saved.text
        tomorrow = datetime.fromtimestamp(now_ms() / 1_000 + 86_400, UTC).weekday()
        mostly = {**always, "days": [day for day in range(7) if day != tomorrow]}
        for browser, topic, more in (
            (vera, "vera", {}),
            (quentin, "quentin", {"quiet": [mostly], "quiet_critical": True}),
        ):
            wanted = {"addresses": [{"channel": "ntfy", "address": topic}], **more}
            answer = await browser.http.put("/api/account/notifications", json=wanted)
            assert answer.status_code == 200, answer.text
        await site.routes({**AT_ONCE, "steps": [{"channels": ["hook"], "roles": ["viewer"]}]})
        south, north = await site.alert("south-1"), await site.alert("north-1")

        def topics() -> list[tuple[str, str]]:
            sent = [each for each in site.receiver.posted if each.path in ("/vera", "/quentin")]
            return [(each.path[1:], each.headers["click"].rpartition("/")[2]) for each in sent]

        await until(topics)
        await site.receiver.heard("south-1", 1)
        await site.receiver.heard("north-1", 1)
        assert topics() == [("vera", north["id"])]
        [word] = [each.headers["message"] for each in site.receiver.posted if each.path == "/vera"]
        text = str(make_header(decode_header(word)))
        since = datetime.fromtimestamp(north["since"] / 1_000, ZoneInfo("Asia/Kathmandu"))
        assert f"Since {since:%Y-%m-%d %H:%M:%S} UTC+05:45" in text
        tried = await site.do("POST", "/api/notifications/dry-run", device_id="south-1", severity="critical")
        await site.do("POST", "/api/notifications/dry-run", 422, device_id="south-1", at=2**53)
        found = {each["person"]: each for each in tried["steps"][0]["receivers"]}
        assert found["Vera"]["problem"] == "not_visible"
        assert found["Quentin"]["held_until"] > now_ms()
        assert found[None]["channel"] == "hook"
        await site.do("DELETE", f"/api/people/{quiet_id}", 204)
        assert "quentin" not in (site.hub.services.data / "notifications.json").read_text()
        assert south["id"] != north["id"]


async def test_people_get_mail_and_ntfy_in_their_language_and_units(site: Site) -> None:
    mails: list[EmailMessage] = []

    class Postbox:
        async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
            mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
            return "250 OK"

    def german() -> list[str]:
        return [each.json["message"] for each in site.receiver.posted if each.path == "/"]

    smtp = await asyncio.get_running_loop().create_server(lambda: SMTP(Postbox()), "127.0.0.1", 0)
    values = {"host": "127.0.0.1", "port": smtp.sockets[0].getsockname()[1], "security": "none", "sender": "hub@x.test"}
    await site.channel("ntfy", "", kind="ntfy", values={"server": site.receiver.url}, shared=False)
    await site.channel("mail", "", kind="mail", values=values, shared=False)
    try:
        async with Browser(site.hub) as greta, Browser(site.hub) as elena:
            await person(site, greta, "Greta", "ntfy", "greta", language="de", units="imperial")
            await person(site, elena, "Elena", "mail", "elena@x.test", language="es")
            tried = {"kind": "ntfy", "name": "Phone", "values": {"server": site.receiver.url}, "address": "greta"}
            await greta.http.post("/api/notifications/channels/ntfy/test", json=tried)
            assert german() == ["Der Kanal Phone funktioniert. Alarme werden hierher gesendet."]
            await site.routes({**AT_ONCE, "steps": [{"channels": ["hook"], "roles": ["administrator"]}]})
            site.hub.publish("devices/boiler-9/info", {"units": {"temperature": "°C"}})
            await site.hub.telemetry("boiler-9", temperature=95.5)
            (shared,) = await site.receiver.heard("boiler-9", 1)
            await until(lambda: len(german()) > 1 and mails, 30)
    finally:
        smtp.close()
    assert "95.5 °C, above 80 °C" in shared["text"]
    assert "203,9 °F, über 176 °F" in german()[1]
    assert "Regel: Too hot" in german()[1]
    body = mails[0].get_body(("plain",))
    assert body is not None
    assert "95,5 °C, por encima de 80 °C" in body.get_content()
    assert mails[0]["Subject"] == "Crítica: boiler-9 - Too hot"


async def person(site: Site, browser: Browser, name: str, channel: str, address: str, **profile: str) -> None:
    """Create an administrator with this address and profile."""
    await invite(site, browser, name, role="administrator")
    assert (await browser.http.patch("/api/account", json=profile)).status_code == 200
    wanted = {"addresses": [{"channel": channel, "address": address}]}
    assert (await browser.http.put("/api/account/notifications", json=wanted)).status_code == 200


async def test_push_address_in_a_private_network_is_for_those_who_may_set_channels(site: Site) -> None:
    keys = {"p256dh": base64.b64encode(b"\x04" + bytes(64)).decode(), "auth": base64.b64encode(bytes(16)).decode()}

    async def subscribe(browser: Browser, endpoint: str) -> str:
        await browser.http.get("/api/account/notifications")  # makes the channel
        address = {"channel": "webpush", "address": json.dumps({"endpoint": endpoint, "keys": keys})}
        answer = await browser.http.put("/api/account/notifications", json={"addresses": [address]})
        return f"{answer.status_code} {answer.text}"

    async with Browser(site.hub) as viewer, Browser(site.hub) as administrator:
        await invite(site, viewer, "Wim", role="viewer")
        await invite(site, administrator, "Wanda", role="administrator")
        for host in ("127.0.0.1", "localhost", "[::ffff:10.0.0.1]", "10.1.2.3"):
            assert "not on the public internet" in await subscribe(viewer, f"https://{host}/push")
        assert (await subscribe(administrator, "https://127.0.0.1/push")).startswith("200")
        assert "Allowed: https://" in await subscribe(administrator, "http://127.0.0.1/push")
