"""Channels: what real receivers get from each, and how their refusals are reported."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email
import email.header
import ssl
import threading
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from standardwebhooks import Webhook, WebhookVerificationError

from fake_ai import now_ms
from http_receiver import HttpReceiver, http_receiver
from hub.errors import Invalid
from hub.model import Message
from hub.notifications import worker
from hub.notifications.base import DeliveryFailed, OutgoingMessage, checked_values
from hub.notifications.channels import CHANNEL_KINDS
from hub.notifications.http_client import kept_connections
from pki import Issued, write_pair
from tcp_server import tcp_server

PNG = b"\x89PNG\r\n\x1a\n"
URL = "https://hub.example/alerts/a-1"
FIRING = Message(
    "firing", "Critical: Pump 1", "Pump 1 (Hall): 95 °C is above 80 °C\n<b>", "critical", 1_700_000_000_000, url=URL
)


def outgoing(
    message: Message = FIRING, address: str = "", key: str = "n-1", picture: bytes | None = None
) -> OutgoingMessage:
    return OutgoingMessage("c", key, "alert:a-1@1", address, message, 1_700_000_000_000, picture)


async def send(kind: str, values: dict[str, Any], message: OutgoingMessage) -> None:
    """Send a message over a channel with these settings."""
    channel = CHANNEL_KINDS[kind]
    checked = checked_values(channel.fields, values)
    channel.check(checked)
    await channel.send(checked, message)


async def send_unchecked(kind: str, values: dict[str, Any], message: OutgoingMessage) -> None:
    """Send a message over a channel whose settings were stored without a check."""
    channel = CHANNEL_KINDS[kind]
    defaults = {each.name: each.default for each in channel.fields if each.default is not None}
    await channel.send({**defaults, **values}, message)


def test_impossible_setting_is_refused_with_the_name_of_its_field() -> None:
    mail = {"host": "mail.example.org", "sender": "hub@example.org"}
    for kind, values, named in [
        ("webhook", {"url": "http://a..b/"}, "url"),
        ("webhook", {"url": f"http://{'a' * 300}.com/"}, "url"),
        ("webhook", {"url": "http://0xA9FEA9FE/"}, "url is not an allowed address"),
        ("webhook", {"url": "http://169。254。169。254/"}, "url is not an allowed address"),
        ("webhook", {"url": "http://１６９.254.169.254/"}, "url is not an allowed address"),
        ("webhook", {"url": "http://a b/"}, "url has no valid host name"),
        ("webhook", {"url": "http://a!b/"}, "url has no valid host name"),
        ("mail", {**mail, "host": "mail server"}, "host"),
        ("ntfy", {"server": "http://[::ffff:a9fe:a9fe]/", "topic": "t"}, "server is not an allowed address"),
        ("mail", {**mail, "host": "169.254.169.254"}, "host is not an allowed address"),
        ("webhook", {"url": "http://a.b/", "secret": "whsec_no base64"}, "secret"),
        ("ntfy", {"token": "schlüssel", "topic": "t"}, "token"),
        ("mail", {**mail, "host": "a..b"}, "host"),
        ("mail", {**mail, "host": "x" * 300}, "host"),
        ("mail", {**mail, "sender": "x@ü..y"}, "x@ü..y"),
        ("mail", {**mail, "recipients": "a@b.c, x@é..z"}, "x@é..z"),
    ]:
        channel = CHANNEL_KINDS[kind]
        with pytest.raises(Invalid, match=named):
            channel.check(checked_values(channel.fields, values))
    channel = CHANNEL_KINDS["mail"]
    channel.check(checked_values(channel.fields, {**mail, "recipients": "ada@bücher.example, ünal@localhost"}))


async def test_library_for_standard_webhooks_verifies_signatures() -> None:
    secret = f"whsec_{base64.b64encode(bytes(range(24))).decode()}"
    async with http_receiver() as receiver:
        message = OutgoingMessage("c", "n-1", "g", "", FIRING, now_ms())
        await send("webhook", {"url": receiver.url, "secret": secret}, message)
    (posted,) = receiver.posted
    assert Webhook(secret).verify(posted.body, posted.headers)["key"] == "n-1"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(posted.body + b" ", posted.headers)


class Postbox:
    """Handler of the SMTP server: keeps mails, and refuses one recipient."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        if address.startswith("nobody@"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
async def smtp(tmp_path: Path) -> AsyncIterator[tuple[Postbox, int]]:
    """Run an SMTP server that requires STARTTLS and a password."""
    write_pair(tmp_path, Issued("localhost"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "hub.crt", tmp_path / "hub.key")

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data.password == b"right"
        return AuthResult(success=right, handled=False)

    postbox = Postbox()

    def connected() -> SMTP:
        return SMTP(postbox, tls_context=context, require_starttls=True, auth_required=True, authenticator=check)

    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0)
    try:
        yield postbox, server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_messages_of_a_burst_share_a_connection_to_each_server(receiver: HttpReceiver) -> None:
    by_name = receiver.url.replace("127.0.0.1", "localhost")  # same address: with TLS it would prove another name
    async with kept_connections():
        for number in range(4):
            for url in (receiver.url, by_name):
                await send("webhook", {"url": f"{url}/hook"}, outgoing(key=f"n-{number}"))
    assert len(receiver.posted) == 8
    assert receiver.connections == 2
    await send("webhook", {"url": f"{receiver.url}/hook"}, outgoing())
    assert receiver.connections == 3


async def test_connection_that_the_server_closed_is_replaced(receiver: HttpReceiver) -> None:
    receiver.answer = lambda posted: "200 OK\r\nConnection: close\r\n"
    async with kept_connections():
        for number in range(3):
            await send("webhook", {"url": f"{receiver.url}/hook"}, outgoing(key=f"n-{number}"))
    assert receiver.connections == 3


async def test_mail_has_text_html_and_chart_in_one_thread(smtp: tuple[Postbox, int]) -> None:
    postbox, port = smtp
    values = {
        "host": "127.0.0.1", "port": port, "verify": False, "user": "hub", "password": "right",
        "sender": "hub@example.org", "recipients": "ada@example.org, bob@example.org",
    }  # fmt: skip
    await send("mail", values, outgoing(picture=PNG))
    await send(
        "mail",
        values,
        outgoing(Message("resolved", "Resolved: Pump 1", "Over", "critical", 2), "eve@example.org", "n-2"),
    )
    first, second = postbox.mails
    assert (first["Subject"], first["Message-ID"], first["To"]) == (
        "Critical: Pump 1", "<n-1@watchkeeper>", "ada@example.org, bob@example.org"
    )  # fmt: skip
    assert (first["References"], second["To"]) == (second["References"], "eve@example.org")
    text, html = first.get_body(("plain",)), first.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "95 °C is above 80 °C" in text.get_content()
    assert URL in text.get_content()
    assert "&lt;b&gt;" in html.get_content()
    assert [part.get_content_type() for part in first.walk()].count("image/png") == 1
    for change, reason in (({"password": "wrong"}, "auth"), ({"recipients": "nobody@example.org"}, "rejected"),
                           ({"verify": True}, "unreachable"), ({"host": "169.254.169.254"}, "rejected")):  # fmt: skip
        with pytest.raises(DeliveryFailed) as failed:
            await send_unchecked("mail", {**values, **change}, outgoing())
        assert failed.value.reason == reason, failed.value.text
    assert len(postbox.mails) == 2


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    async with http_receiver() as running:
        yield running


async def test_ntfy_gets_priority_link_and_an_id_that_replaces_the_message(receiver: HttpReceiver) -> None:
    values = {"server": receiver.url, "topic": "cellar", "token": "tk_1"}
    await send("ntfy", values, outgoing())
    await send("ntfy", values, outgoing(Message("resolved", "Resolved: Pump 1", "Over", "critical", 2), "own-topic"))
    firing, resolved = (each.json for each in receiver.posted)
    assert (firing["topic"], firing["priority"], firing["click"]) == ("cellar", 5, URL)
    assert (resolved["topic"], resolved["priority"]) == ("own-topic", 3)
    assert firing["sequence_id"] == resolved["sequence_id"]
    assert receiver.posted[0].headers["authorization"] == "Bearer tk_1"
    with pytest.raises(Invalid):
        await send("ntfy", {**values, "topic": "a/b"}, outgoing())


async def test_ntfy_attaches_the_chart_unless_the_server_takes_no_files(
    receiver: HttpReceiver,
) -> None:
    values = {"server": receiver.url, "topic": "cellar"}
    await send("ntfy", values, outgoing(picture=PNG))
    (attached,) = receiver.posted
    assert (attached.method, attached.path, attached.body) == ("POST", "/cellar", PNG)
    title = str(email.header.make_header(email.header.decode_header(attached.headers["title"])))
    text = str(email.header.make_header(email.header.decode_header(attached.headers["message"])))
    assert (title, text) == (FIRING.title, FIRING.text)
    assert (attached.headers["priority"], attached.headers["click"]) == ("5", URL)
    receiver.answer = lambda posted: "400 Bad Request\r\n" if "filename" in posted.headers else "200 OK\r\n"
    await send("ntfy", values, outgoing(picture=PNG))
    alone = receiver.posted[-1].json
    assert (alone["message"], alone["sequence_id"]) == (FIRING.text, attached.headers["x-sequence-id"])


async def test_apprise_sends_in_its_own_process_which_ends_if_it_hangs(
    receiver: HttpReceiver, monkeypatch: Any
) -> None:
    kind = CHANNEL_KINDS["apprise"]
    values = {"url": receiver.url.replace("http://", "json://") + "/token-secret"}
    try:
        await send("apprise", values, outgoing(picture=PNG))
        assert receiver.posted[0].json["title"] == "Critical: Pump 1"
        assert base64.b64decode(receiver.posted[0].json["attachments"][0]["base64"]) == PNG
        receiver.answer = lambda posted: "500 Error\r\n"
        with pytest.raises(DeliveryFailed) as failed:
            await send("apprise", values, outgoing())
        assert failed.value.reason == "unreachable"
        assert "token-secret" not in kind.target(values, "")
        with pytest.raises(DeliveryFailed) as failed:
            await send("apprise", {"url": "nonsense://x"}, outgoing())
        assert failed.value.reason == "rejected"
        for url in ("json://169.254.169.254/x", "jsons://[fd00:ec2::254]/x", "rsyslog://0.0.0.0", "redirected"):
            receiver.answer = lambda posted: "302 Found\r\nLocation: http://169.254.169.254/latest\r\n"
            with pytest.raises(DeliveryFailed) as failed:
                await send("apprise", {"url": values["url"] if url == "redirected" else url}, outgoing())
            assert failed.value.reason == "rejected", url
            assert "is not an allowed address" in failed.value.text
        receiver.answer = lambda posted: asyncio.sleep(60, "200 OK\r\n")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await send("apprise", values, outgoing())
        receiver.answer = lambda posted: "200 OK\r\n"
        await send("apprise", values, outgoing())  # another process
    finally:
        await kind.close()


async def test_endless_answer_of_mail_server_is_left_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "SEND_S", 0.5)
    left = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while not reader.at_eof():
                writer.write(b"220-wait\r\n")
                await writer.drain()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await reader.read(100)
        left.set()

    async with tcp_server(drip) as port:
        values = {
            "host": "127.0.0.1",
            "port": port,
            "security": "none",
            "sender": "hub@x.test",
            "recipients": "a@x.test",
        }
        failure = await worker.attempt(lambda: send("mail", values, outgoing()))
        assert failure is not None
        assert failure.reason == "timeout"
        async with asyncio.timeout(30):
            await left.wait()
    assert not [each.name for each in threading.enumerate() if each.name.startswith("asyncio")]


@pytest.mark.parametrize("host", ["a..b", "é..b", f"{'x' * 70}.test"])
@pytest.mark.parametrize("kind", ["webhook", "mail"])
async def test_host_that_is_no_name_is_refused_with_its_name(kind: str, host: str) -> None:
    values = {
        "webhook": {"url": f"http://{host}/"},
        "mail": {"host": host, "sender": "hub@x.test", "recipients": "a@x.test"},
    }
    failure = await worker.attempt(lambda: send_unchecked(kind, values[kind], outgoing()))
    assert failure is not None
    assert failure.reason in ("rejected", "unreachable")
    assert "Internal error" not in failure.text


async def test_token_that_cannot_be_a_header_is_refused_with_the_reason(receiver: HttpReceiver) -> None:
    values = {"server": receiver.url, "topic": "cellar", "token": "schlüssel"}
    failure = await worker.attempt(lambda: send_unchecked("ntfy", values, outgoing()))
    assert failure is not None
    assert "ASCII" in failure.text
