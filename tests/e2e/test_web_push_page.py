"""Push on the page: the installable page's service worker shows a message, and a later one replaces it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from playwright.sync_api import Browser

from e2e.in_thread import hub_in_thread
from e2e.running import eventually

SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  const found = await registration.getNotifications();
  return found.map((each) => [each.title, each.body, each.data.url]);
}"""


def test_service_worker_shows_a_message_and_replaces_it(tmp_path: Path, browser: Browser):
    # The headless shell, in which the other tests run, has no notifications.
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        hub_in_thread(tmp_path) as running,
        browser.browser_type.launch(executable_path=chromium, args=["--no-sandbox"]).new_page() as page,
    ):
        origin = running.url.replace("127.0.0.1", "localhost")
        page.context.grant_permissions(["notifications"], origin=origin)
        page.goto(f"{origin}/settings")
        manifest = page.evaluate("() => fetch('/manifest.json').then((answer) => answer.json())")
        assert {each["sizes"] for each in manifest["icons"]} >= {"192x192", "512x512"}
        workers = page.context.new_cdp_session(page)
        found = list[str]()
        workers.on(
            "ServiceWorker.workerRegistrationUpdated",
            lambda event: found.extend(each["registrationId"] for each in event["registrations"]),
        )
        workers.send("ServiceWorker.enable")
        page.evaluate("() => navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)")
        page.wait_for_function("() => navigator.serviceWorker.controller")

        def deliver(title: str, kind: str) -> None:
            body = {"title": title, "body": "95 °C", "tag": "g-1", "url": f"{origin}/alerts/a-1", "kind": kind}
            message = {
                "origin": origin,
                "registrationId": found[-1],
                "data": json.dumps({**body, "severity": "warning"}),
            }
            workers.send("ServiceWorker.deliverPushMessage", message)
            eventually(lambda: [title] == [each[0] for each in page.evaluate(SHOWN)], 10, title)

        deliver("Warning: Pump 1", "firing")
        assert page.evaluate(SHOWN) == [["Warning: Pump 1", "95 °C", f"{origin}/alerts/a-1"]]
        deliver("Resolved: Pump 1", "resolved")
        assert page.evaluate(SHOWN) == [["Resolved: Pump 1", "95 °C", f"{origin}/alerts/a-1"]]
        page.context.browser.close()
