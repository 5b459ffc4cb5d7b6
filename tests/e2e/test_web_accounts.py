"""Accounts on the page: first account, invitation, role, password, sessions and sign-out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from e2e.conftest import Errors
from e2e.in_thread import hub_in_thread
from hub.accounts.openid import OpenIdSettings
from hub.accounts.openid_provider import OpenIdClient
from openid_site import running_provider

TOKEN = "correct horse battery staple"
PASSWORD = "a quiet lighthouse 7"
LINK = re.compile(r"http://127\.0\.0\.1:\d+/welcome#[\w-]+")


@contextmanager
def another(browser: Browser) -> Iterator[Page]:
    """Open a page in a browser profile of its own, as another person would."""
    context = browser.new_context()
    try:
        yield context.new_page()
    finally:
        context.close()


def accept(page: Page, link: str, name: str) -> None:
    page.goto(link)
    page.get_by_label(re.compile(r"^\s*Name\s*You sign in")).fill(name)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def shown_link(page: Page) -> str:
    return page.get_by_role("region", name="People").locator("code").filter(has_text=LINK).inner_text()


def test_first_administrator_invites_a_viewer(tmp_path: Path, page: Page, browser: Browser, errors: Errors):
    errors.expected = ("401", "WebSocket")
    with hub_in_thread(tmp_path) as running:
        page.goto(f"{running.url}/settings")
        people = page.get_by_role("region", name="People")
        expect(people).to_contain_text("full access")
        people.get_by_role("button", name="Create the first account").click()
        accept(page, shown_link(page), "Ada")

        page.goto(f"{running.url}/settings")
        people.get_by_label("Invite as").select_option("viewer")
        people.get_by_role("button", name="Invite").click()
        link = shown_link(page)
        with another(browser) as other:
            other.goto(link)
            expect(other.get_by_text("Your role: viewer.")).to_be_visible()
            assert not Axe().run(other).response["violations"], "the page for a new account"
            accept(other, link, "Val")
            other.goto(f"{running.url}/settings")
            expect(other.get_by_role("region", name="Your account")).to_contain_text("Signed in as Val (viewer).")
            expect(other.get_by_role("region", name="People")).to_have_count(0)
            expect(other.get_by_role("region", name="Models")).to_have_count(0)
            other.goto(f"{running.url}/settings/audit")
            expect(other.get_by_text("Your role does not permit this.")).to_be_visible()
            expect(other.get_by_role("link", name="Export")).to_have_count(0)
            page.goto(f"{running.url}/settings/audit")
            expect(page.get_by_role("link", name="Export")).to_have_count(2)
            for each in (page, other):
                each.goto(f"{running.url}/settings")

            page.reload()
            expect(people.get_by_label("Role of Val")).to_have_value("viewer")
            people.get_by_label("Role of Val").select_option("administrator")
            other.reload()
            expect(other.get_by_role("region", name="People")).to_be_visible()

            people.get_by_role("listitem").filter(has_text="Val").get_by_role("button", name="Disable").click()
            expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
            assert not Axe().run(other).response["violations"], "the sign-in page"
            other.get_by_label("Name", exact=True).fill("Val")
            other.get_by_label("Password").fill(PASSWORD)
            other.get_by_role("button", name="Sign in").click()
            expect(other.get_by_role("alert")).to_contain_text("The name or the password is wrong.")
        page.close()  # before the hub ends


def test_pages_of_the_whole_hub_are_not_offered_to_a_limited_viewer(tmp_path: Path, page: Page, browser: Browser):
    invite = """() => fetch('/api/people/invitations', {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ role: 'viewer', limits: { labels: ['cellar'] } }),
    }).then((answer) => answer.json())"""
    with hub_in_thread(tmp_path) as running:
        page.goto(f"{running.url}/settings")
        page.get_by_role("button", name="Create the first account").click()
        accept(page, shown_link(page), "Ada")
        link = page.evaluate(invite)["url"]
        with another(browser) as other:
            accept(other, link, "Val")
            other.goto(f"{running.url}/silences")
            expect(other.get_by_text("This page needs access to the whole hub.")).to_be_visible()
            expect(other.get_by_role("button", name="New silence")).to_have_count(0)
            other.keyboard.press("Control+k")
            other.get_by_role("combobox").fill("s")
            expect(other.get_by_role("option", name="Settings")).to_be_visible()
            expect(other.get_by_role("option", name="Silences")).to_have_count(0)
        page.goto("about:blank")


def test_person_signs_out_and_in_and_changes_the_password(tmp_path: Path, page: Page, errors: Errors):
    errors.expected = ("401", "WebSocket")
    with hub_in_thread(tmp_path) as running:
        page.goto(f"{running.url}/settings")
        page.get_by_role("button", name="Create the first account").click()
        accept(page, shown_link(page), "Ada")
        page.goto(f"{running.url}/settings")
        own = page.get_by_role("region", name="Your account")
        own.get_by_role("button", name="Change password").click()
        own.get_by_label("Current password").fill(PASSWORD)
        own.get_by_label("New password").fill("a brighter lighthouse")
        own.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Password changed.")).to_be_visible()

        page.get_by_label("Time zone").select_option("Pacific/Kiritimati")  # 14 hours ahead of UTC
        started = page.request.get(f"{running.url}/api/status").json()["started_at"] / 1000
        there = datetime.fromtimestamp(started, timezone(timedelta(hours=14)))
        expect(page.get_by_text(f"{there.day} {there:%b %Y, %H:%M:%S}").first).to_be_visible()

        own.get_by_role("button", name="New token").click()
        own.get_by_label("Name of the token").fill("script")
        own.get_by_role("button", name="Create", exact=True).click()
        token = own.locator("code").inner_text()
        answer = page.request.get(f"{running.url}/api/devices", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == 200
        own.get_by_role("button", name="Revoke the token script").click()
        expect(page.get_by_text("Token script revoked")).to_be_visible()

        own.get_by_role("button", name="Sign out", exact=True).click()
        page.get_by_label("Name", exact=True).fill("Ada")
        page.get_by_label("Password").fill("a brighter lighthouse")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        page.close()  # before the hub ends


def test_used_link_is_reported(tmp_path: Path, page: Page, errors: Errors):
    errors.expected = ("403",)
    with hub_in_thread(tmp_path) as running:
        page.goto(f"{running.url}/welcome#not-a-link")
        expect(page.get_by_text("This link was used, has expired or is not valid.")).to_be_visible()
        page.close()  # before the hub ends


def test_person_signs_in_with_a_passkey(tmp_path: Path, page: Page, errors: Errors):
    errors.expected = ("401", "WebSocket")
    with hub_in_thread(tmp_path) as running:
        address = running.url.replace("127.0.0.1", "localhost")
        page.goto(f"{running.url}/settings")
        page.get_by_role("button", name="Create the first account").click()
        accept(page, shown_link(page), "Ada")
        page.goto(f"{running.url}/settings")
        own = page.get_by_role("region", name="Your account")
        expect(own).to_contain_text(f"Open {address} instead of this address")
        expect(own.get_by_role("button", name="Add a passkey")).to_have_count(0)

        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        options = {**device, "isUserVerified": True, "automaticPresenceSimulation": True}
        devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        page.goto(f"{address}/settings")
        page.get_by_label("Name", exact=True).fill("Ada")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        own.get_by_role("button", name="Add a passkey").click()
        own.get_by_label("Name of the passkey").fill("laptop")
        own.get_by_role("button", name="Continue").click()
        expect(page.get_by_text("Passkey laptop added")).to_be_visible()
        expect(own.get_by_role("listitem").filter(has_text="laptop")).to_contain_text("not used yet")

        own.get_by_role("button", name="Sign out", exact=True).click()
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        page.goto(f"{address}/settings")
        expect(own).to_contain_text("Signed in as Ada")
        own.get_by_role("button", name="Remove the passkey laptop").click()
        expect(page.get_by_text("Passkey laptop removed.")).to_be_visible()
        page.close()  # before the hub ends


@pytest.mark.filterwarnings("ignore::DeprecationWarning:authlib")  # the provider uses what Authlib will remove
@pytest.mark.filterwarnings("ignore::DeprecationWarning:oidc_provider_mock")
def test_person_signs_in_with_an_openid_provider(tmp_path: Path, page: Page, errors: Errors):
    """The provider's address is another site: the browser sends it back without SameSite=Strict cookies."""
    errors.expected = ("401", "WebSocket", "404", "NAME_NOT_RESOLVED")
    with running_provider() as site:
        settings = OpenIdSettings(client=OpenIdClient(site.url, "hub", "secret"), name="Plant login")
        with hub_in_thread(tmp_path, token=TOKEN, openid=settings) as running:
            site.person("g", preferred_username="Grace", email="grace@example.org", email_verified=True)

            def through_provider() -> None:
                page.get_by_role("button", name="Sign in with Plant login").click()
                page.locator("input[name=sub]").fill("g")
                page.locator("input[name=sub]").press("Enter")

            page.goto(running.url)
            through_provider()
            expect(page.get_by_role("alert")).to_contain_text("You have no account here.")
            assert page.url == f"{running.url}/", "the reason is shown once"
            invitation = {"role": "administrator", "email": "grace@example.org"}
            headers = {"Authorization": f"Bearer {TOKEN}"}
            page.request.post(f"{running.url}/api/people/invitations", data=invitation, headers=headers)
            through_provider()
            expect(page.get_by_role("navigation", name="Main")).to_be_visible()
            page.goto(f"{running.url}/settings")
            own = page.get_by_role("region", name="Your account")
            expect(own).to_contain_text("Signed in as Grace (administrator).")
            expect(own).to_contain_text("Connected with Plant login")
            expect(own.get_by_role("button", name="Change password")).to_have_count(0)
            page.close()  # before the hub ends
