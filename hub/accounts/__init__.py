"""Authentication and authorization: accounts, passwords, passkeys, sessions, API tokens, one-time links and roles."""

from hub.accounts.account import Account, Role
from hub.accounts.people import People
from hub.accounts.sessions import Session

__all__ = ["Account", "People", "Role", "Session"]
