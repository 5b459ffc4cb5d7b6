"""Push on the page: the installable page's service worker shows a message, replaces it, and opens the alert."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, Page, expect

from e2e.in_thread import hub_in_thread
from e2e.running import eventually
from e2e.test_web_accounts import accept
from http_receiver import http_receiver
from hub.notifications.channels.webpush import WebPush

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SECRET = b"0123456789abcdef"
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  const found = await registration.getNotifications();
  return found.map((each) => [each.title, each.body, each.data.url]);
}"""
# Only a click of a person lets a service worker focus a page.
CLICK = """async () => {
  WindowClient.prototype.focus = async function () { return this; };
  const [notification] = await registration.getNotifications();
  self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
}"""
PUT = """([path, body]) => fetch(`/api/${path}`, {
  method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
}).then((answer) => answer.status)"""


@contextmanager
def full_chromium(browser: Browser, **options: Any) -> Iterator[Page]:
    """Open a page in the whole Chromium: the headless shell, in which the other tests run, has no notifications."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with browser.browser_type.launch(executable_path=chromium, args=["--no-sandbox"]) as opened:
        yield opened.new_page(**options)


class Push:
    """Stands in for the push service: hands messages to the service worker of the page at ``origin``."""

    def __init__(self, page: Page, origin: str) -> None:
        self._page, self._origin = page, origin
        page.context.grant_permissions(["notifications"], origin=origin)
        self._session = page.context.new_cdp_session(page)
        self._found = list[str]()
        self._session.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda event: self._found.extend(each["registrationId"] for each in event["registrations"]),
        )
        self._session.send("ServiceWorker.enable")
        page.evaluate("() => navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)")
        page.wait_for_function("() => navigator.serviceWorker.controller")

    def deliver(self, data: str) -> None:
        """Deliver a message, and wait until it is the only one that is shown."""
        message = {"origin": self._origin, "registrationId": self._found[-1], "data": data}
        self._session.send("ServiceWorker.deliverPushMessage", message)
        title = json.loads(data)["title"]
        eventually(lambda: [title] == [each[0] for each in self.shown()], 10, title)

    def shown(self) -> list[list[str]]:
        """Return title, text and address of each message that is shown."""
        return list(self._page.evaluate(SHOWN))

    def click(self) -> None:
        """Click the message."""
        [worker] = self._page.context.service_workers
        worker.evaluate(CLICK)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_service_worker_shows_a_message_and_replaces_it(tmp_path: Path, browser: Browser):
    with hub_in_thread(tmp_path) as running, full_chromium(browser) as page:
        origin = running.url.replace("127.0.0.1", "localhost")
        page.goto(f"{origin}/settings")
        manifest = page.evaluate("() => fetch('/manifest.json').then((answer) => answer.json())")
        assert {each["sizes"] for each in manifest["icons"]} >= {"192x192", "512x512"}
        push = Push(page, origin)
        body = {"body": "95 °C", "tag": "g-1", "url": f"{origin}/alerts/a-1", "severity": "warning"}
        for kind, title in (("firing", "Warning: Pump 1"), ("resolved", "Resolved: Pump 1")):
            push.deliver(json.dumps({**body, "title": title, "kind": kind}))
            assert push.shown() == [[title, "95 °C", f"{origin}/alerts/a-1"]]


def test_phone_gets_a_push_opens_the_alert_and_acknowledges_it(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(WebPush, "check_address", lambda self, address: None)  # the push service has no certificate
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {"p256dh": encoded(public), "auth": encoded(SECRET)}
    with hub_in_thread(tmp_path, real_ai=True) as running, full_chromium(browser, **PHONE) as page:
        stack = AsyncExitStack()
        receiver = running.do(stack.enter_async_context(http_receiver()))  # stands for the push service on the internet
        origin = running.url.replace("127.0.0.1", "localhost")
        page.goto(f"{origin}/settings")
        people = page.get_by_role("region", name="People")
        people.get_by_role("button", name="Create the first account").click()
        accept(page, people.locator("code").filter(has_text="/welcome#").inner_text(), "Ada")
        address = json.dumps({"endpoint": f"{receiver.url}/push", "keys": keys})
        page.evaluate("() => fetch('/api/account/notifications')")  # makes the channel
        mine = {"addresses": [{"channel": "webpush", "address": address}]}
        assert page.evaluate(PUT, ["account/notifications", mine]) == 200
        route = {"name": "All", "group_wait_s": 0, "diagnosis_wait_s": 0, "steps": [{"roles": ["administrator"]}]}
        assert page.evaluate(PUT, ["notifications/routes", {"routes": [route]}]) == 200
        push = Push(page, origin)

        for temperature in (60, 61, 95):
            running.do(running.hub.telemetry("pump-1", temperature=temperature))
        eventually(lambda: receiver.posted, 30, "a push message")
        text = http_ece.decrypt(receiver.posted[0].body, private_key=key, auth_secret=SECRET, version="aes128gcm")
        push.deliver(text.decode())
        [[title, body, _]] = push.shown()
        assert title == "Critical: pump-1 - Too hot"
        assert "temperature 95, above 80" in body
        push.click()
        expect(page.get_by_role("heading", name="pump-1 temperature 95, above 80")).to_be_visible()
        page.get_by_role("button", name="Acknowledge").click()
        page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
        expect(page.get_by_role("region", name="History")).to_contain_text("Ada acknowledged it")
        page.goto("about:blank")
        running.do(stack.aclose())
