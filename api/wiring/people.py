"""Accounts, sessions and the two doors to them."""

from __future__ import annotations

from dataclasses import dataclass

from api.people.accounts import Accounts
from api.people.oidc import OIDCDesk
from api.people.passwords import Passwords
from api.people.sessions import Sessions
from api.people.sign_in import SignInDesk
from api.people.throttle import Throttle
from core.database import Database
from core.keyring import Keyring
from core.settings import Settings
from core.tenancy import Tenants


@dataclass(frozen=True, slots=True)
class People:
    """All that has to do with people who sign in."""

    accounts: Accounts
    sessions: Sessions
    passwords: SignInDesk
    oidc: OIDCDesk


def make_people(settings: Settings, database: Database, keyring: Keyring, tenants: Tenants) -> People:
    """Nothing of it has to be closed."""
    passwords = Passwords(settings.sign_in)
    accounts = Accounts(database, keyring, passwords)
    sessions = Sessions(database, keyring, accounts, settings.sessions)
    throttle = Throttle(database, keyring, settings.sign_in)
    return People(
        accounts,
        sessions,
        SignInDesk(accounts, passwords, sessions, throttle, enabled=settings.sign_in.passwords),
        OIDCDesk.over(database, keyring, settings.oidc, accounts=accounts, sessions=sessions, tenants=tenants),
    )
