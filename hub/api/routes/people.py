"""``/api/people``: accounts and invitations, for administrators."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from hub.accounts.account import Account
from hub.accounts.links import OneTimeLink, url
from hub.ai.budget import Budget
from hub.api.audit_draft import note
from hub.api.auth import Authenticator, By
from hub.api.change_log import Change, ChangeLog
from hub.api.errors import Json
from hub.api.field_changes import field_changes
from hub.api.proof import Proof
from hub.api.requested_limits import described, limits_of
from hub.api.schemas import account_requests as requests
from hub.api.schemas import accounts as shapes
from hub.api.schemas.models import SpentShape
from hub.errors import Conflict, Forbidden
from hub.services.areas import Areas

ShortId = Annotated[str, Path(max_length=64)]


def routes(
    auth: Authenticator,
    changes: ChangeLog,
    areas: Areas,
    budget: Budget,
    forget: Callable[[str, str], Awaitable[None]],
) -> APIRouter:
    """Return the routes.

    ``forget`` deletes the data of an account that is removed. It takes the account's id and the name of the person who
    removes it.
    """
    router = APIRouter(prefix="/api/people", tags=["people"])
    people = auth.people

    @router.get("", response_model=shapes.PeopleList)
    async def list_people() -> Response:
        """Return all accounts, the one-time links that can still be used, and today's usage of models by account id."""
        links = await asyncio.to_thread(people.open_links)
        return Json(
            shapes.PeopleList(
                items=[shapes.AccountShape.from_record(each) for each in people.accounts],
                invitations=[shapes.InvitationShape.from_record(each) for each in links],
                ai_usage={key: SpentShape.of(used) for key, used in budget.today_by_person().items()},
            )
        )

    @router.post("/invitations", status_code=201, response_model=shapes.IssuedLink)
    async def invite(body: requests.Invitation, request: Request, by: By) -> Response:
        """Create a one-time link for a new account, and return the link's URL. The link is valid for seven days."""
        limits = limits_of(body.limits, areas.tree)
        link, secret = await people.invite(body.role, by, _maker(request), body.email, limits)
        text = f"created an invitation as {body.role}" + (f" for {described(limits, areas.tree)}" if limits else "")
        await changes.write(by, Change("people.invited", text, {"role": body.role}))
        return _issued(request, link, secret)

    @router.delete("/invitations/{link_id}", status_code=204)
    async def withdraw_invitation(link_id: ShortId, by: By) -> Response:
        """Make a one-time link invalid."""
        if (link := await people.links.remove(link_id)) is not None:
            text = f"withdrew a link that {link.by} made"
            await changes.write(by, Change("people.withdrawn", text, {"name": link.by, "role": link.role}))
        return Response(status_code=204)

    @router.patch("/{account_id}", response_model=shapes.AccountShape)
    async def edit_person(account_id: ShortId, body: requests.PersonEdit, by: By) -> Response:
        """Change the role and the limits of a person, or disable or enable the account.

        Disabling signs the person out everywhere and revokes the API tokens. Return 409 for the last administrator.
        """
        before = people.accounts.require(account_id)
        role = body.role if body.role != before.role else None
        disabled = body.disabled if body.disabled != before.disabled else None
        limits = limits_of(body.limits, areas.tree) if "limits" in body.model_fields_set else msgspec.UNSET
        account = await people.edit(account_id, role=role, disabled=disabled, limits=limits)
        note(changes=field_changes(_rights(before), _rights(account)))
        if role is not None:
            await changes.write(by, _change("role", f"made {account.name} {role}", account))
        if account.limits != before.limits:
            text = f"limited {account.name} to {described(account.limits, areas.tree)}"
            await changes.write(by, _change("limited", text, account))
        if disabled is not None:
            verb = "disabled" if disabled else "enabled"
            await changes.write(by, _change(verb, f"{verb} the account of {account.name}", account))
        return Json(shapes.AccountShape.from_record(account))

    @router.delete("/{account_id}", status_code=204)
    async def remove_person(account_id: ShortId, by: By) -> Response:
        """Remove an account with its conversations, and sign the person out everywhere.

        Analyses of files that the person has uploaded stay, and administrators can read them. The person's open alerts
        are then assigned to nobody. Return 409 for the last administrator.
        """
        account = people.accounts.require(account_id)
        await people.remove(account_id)
        await forget(account_id, by)
        await changes.write(by, _change("removed", f"removed the account of {account.name}", account))
        return Response(status_code=204)

    @router.post("/{account_id}/link", status_code=201, response_model=shapes.IssuedLink)
    async def create_password_link(account_id: ShortId, request: Request, by: By) -> Response:
        """Create a one-time link with which a person who forgot the password sets a new one."""
        account = people.accounts.require(account_id)
        if account.disabled:
            raise Conflict(f"The account of {account.name} is disabled.", "Enable it first.")
        link, secret = await people.links.create(account.role, by=by, account=account.id, maker=_maker(request))
        await changes.write(by, _change("link", f"created a password link for {account.name}", account))
        return _issued(request, link, secret)

    return router


def _maker(request: Request) -> str | None:
    """Return the id of the account that makes a link. It is None at a hub without accounts, and with the access token.

    Raises Forbidden for an API token: with a link, it could create an account that outlives the token.
    """
    proof: Proof = request.state.proof
    if proof.account is None:
        return None
    if proof.session is None:
        raise Forbidden("An API token cannot create links.", "Sign in with the dashboard.")
    return proof.account.id


def _issued(request: Request, link: OneTimeLink, secret: str) -> Response:
    address = url(str(request.base_url).rstrip("/"), secret)
    return Json({"url": address, "invitation": shapes.InvitationShape.from_record(link)}, status_code=201)


def _change(key: str, text: str, account: Account) -> Change:
    return Change(f"people.{key}", text, {"name": account.name, "role": account.role})


def _rights(account: Account) -> dict[str, Any]:
    return {"role": account.role, "disabled": account.disabled, "limits": account.limits}
