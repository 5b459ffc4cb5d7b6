"""Mail over SMTP, as plain text and HTML. Messages about the same alerts form one thread."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

import aiosmtplib

from hub.ai.address_guard import check_host
from hub.errors import AiError, Invalid
from hub.model import FailureReason, Message
from hub.notifications.base import ChannelField, DeliveryFailed, OutgoingMessage, Values
from hub.server_urls import check_host_name

TIMEOUT_S = 10.0
MAX_RECIPIENTS = 20
_MAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]{1,64}@[^@\s<>,;:\"()\[\]\\]{1,255}")
_COLORS = {"critical": "#c62828", "warning": "#b26a00", "info": "#1565c0", "ok": "#2e7d32"}


class Mail:
    """Sends each message as a mail."""

    kind = "mail"
    title = "E-mail"
    fields: tuple[ChannelField, ...] = (
        ChannelField("host", "SMTP server", required=True, server=True),
        ChannelField("port", "Port", "number", default=587, server=True),
        ChannelField("security", "Security", "choice", default="starttls", choices=("starttls", "tls", "none")),
        ChannelField("verify", "Check the server's certificate", "yes_no", default=True),
        ChannelField("user", "User name"),
        ChannelField("password", "Password", "secret"),
        ChannelField("sender", "From", required=True, help="The sender's address."),
        ChannelField("recipients", "To", help="Addresses, separated by commas. People can add their own."),
    )
    address: ChannelField | None = ChannelField("address", "E-mail address", required=True)
    pictures = True

    def check(self, values: Values) -> None:
        """Raise Invalid for addresses that are not valid, and for a password that would be sent without encryption."""
        check_host_name("host", str(values["host"]))
        for address in (str(values["sender"]), *_recipients(values)):
            self.check_address(address)
        if len(_recipients(values)) > MAX_RECIPIENTS:
            raise Invalid("There are too many recipients.", f"Allowed: {MAX_RECIPIENTS}.")
        if values.get("password") and values["security"] == "none":
            raise Invalid("A password is not sent without encryption.", "Choose starttls or tls.")

    def check_address(self, address: str) -> None:
        """Raise Invalid for an address that is not valid."""
        if not _MAIL.fullmatch(address):
            raise Invalid(f"{address[:64]!r} is not a valid e-mail address.", "Allowed: name@example.org.")
        check_host_name(repr(address[:64]), address.rpartition("@")[2])

    def target(self, values: Values, address: str) -> str:
        """Return the recipients and the mail server as text for people.

        The recipient is ``address``. If it is empty, the recipients in the settings of the channel (``values``) are
        used.
        """
        to = address or ", ".join(_recipients(values))
        return f"{to} via {values['host']}:{values['port']}"

    async def send(self, values: Values, outgoing: OutgoingMessage) -> None:
        """Send the mail. Raises DeliveryFailed."""
        recipients = [outgoing.address] if outgoing.address else _recipients(values)
        if not recipients:
            raise DeliveryFailed("rejected", "The channel has no recipients.")
        try:
            await check_host(str(values["host"]), int(values["port"]))
        except AiError as error:
            raise DeliveryFailed("rejected", error.message) from None
        mail = compose_mail(outgoing, str(values["sender"]), recipients)
        await _send(values, mail)

    async def close(self) -> None:
        """Do nothing: no connection stays open."""


def compose_mail(outgoing: OutgoingMessage, sender: str, recipients: list[str]) -> EmailMessage:
    """Return a message as a mail. The Message-ID is derived from its key, so that repeats can be recognized."""
    message, mail = outgoing.message, EmailMessage()
    thread = f"<g-{hashlib.sha256(outgoing.group.encode()).hexdigest()[:32]}@watchkeeper>"
    mail["Subject"] = " ".join(message.title.split())
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Date"] = format_datetime(datetime.fromtimestamp(message.at / 1_000, UTC))
    mail["Message-ID"] = f"<{outgoing.key}@watchkeeper>"
    mail["In-Reply-To"] = mail["References"] = thread
    mail["Auto-Submitted"] = "auto-generated"
    link = f"\n\n{message.url}" if message.url else ""
    mail.set_content(message.text + link)
    mail.add_alternative(_html(message, picture=outgoing.picture is not None), subtype="html")
    if outgoing.picture is not None:
        # The payload of a multipart message is a list of parts, which the type annotations of the library do not show.
        page = mail.get_payload()[1]  # type: ignore[index]
        page.add_related(outgoing.picture, "image", "png", cid="<chart>")  # type: ignore[union-attr]
    return mail


def _html(message: Message, *, picture: bool) -> str:
    color = _COLORS["ok" if message.kind == "resolved" else message.severity]
    paragraphs = "".join(f"<p>{escape(each).replace(chr(10), '<br>')}</p>" for each in message.text.split("\n\n"))
    chart = '<p><img src="cid:chart" alt="Chart" style="max-width:100%"></p>' if picture else ""
    link = f'<p><a href="{escape(message.url)}">Open in Watchkeeper</a></p>' if message.url else ""
    return (
        '<html><body style="font-family:sans-serif">'
        f'<h2 style="color:{color}">{escape(message.title)}</h2>{paragraphs}{chart}{link}</body></html>'
    )


def _recipients(values: Values) -> list[str]:
    return [each.strip() for each in str(values.get("recipients", "")).split(",") if each.strip()]


async def _send(values: Values, mail: EmailMessage) -> None:
    """Hand the mail to the server. Raises DeliveryFailed."""
    context, sending = ssl.create_default_context(), False
    if not values["verify"]:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    server = aiosmtplib.SMTP(
        hostname=str(values["host"]),
        port=int(values["port"]),
        local_hostname=_own_name(),
        timeout=TIMEOUT_S,
        use_tls=values["security"] == "tls",
        start_tls=values["security"] == "starttls",
        tls_context=context,
    )
    try:
        await server.connect()
        if values.get("user"):
            await server.login(str(values["user"]), str(values.get("password", "")))
        sending = True
        await server.send_message(mail)
        with suppress(aiosmtplib.SMTPException):
            await server.quit()
    except aiosmtplib.SMTPAuthenticationError as error:
        raise DeliveryFailed("auth", error.message) from None
    except aiosmtplib.SMTPRecipientsRefused as error:
        first = error.recipients[0]
        raise DeliveryFailed(_reason(first.code), f"{first.code} {first.message}") from None
    except aiosmtplib.SMTPResponseException as error:
        raise DeliveryFailed(_reason(error.code), f"{error.code} {error.message}") from None
    except aiosmtplib.SMTPNotSupported as error:
        raise DeliveryFailed("rejected", error.message) from None
    except TimeoutError:
        raise DeliveryFailed("timeout", f"No answer within {TIMEOUT_S:g} s.", maybe=sending) from None
    except ssl.SSLError as error:
        raise DeliveryFailed("unreachable", f"TLS: {error.reason or error}") from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise DeliveryFailed("unreachable", f"{type(error).__name__}: {error}", maybe=sending) from None
    finally:
        server.close()


def _own_name() -> str:
    """Return the host name for EHLO. It does not come from ``socket.getfqdn``, which queries DNS and may block."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


def _reason(code: int) -> FailureReason:
    return "rejected" if code >= 500 else "rate_limit"
