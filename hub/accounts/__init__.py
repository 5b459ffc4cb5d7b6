"""Who people are and what they may do: accounts, passwords, sessions, API tokens, one-time links, roles."""

from hub.accounts.account import Account, Role
from hub.accounts.people import People
from hub.accounts.sessions import Session

__all__ = ["Account", "People", "Role", "Session"]
