"""Whose account an identity that the provider vouches for is: the one that was invited, or the one that a group brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.people.accounts import PROVIDER, Account, Accounts, NewAccount, normal_email
from api.people.refusal import RefusedError
from core.errors import InvalidRequestError, UnauthenticatedError
from core.keyring import Keyring
from core.models import User
from core.settings import GroupRule
from core.tenancy import Tenants


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a believed ID token says of a person; the address is verified."""

    issuer: str
    subject: str
    email: str
    name: str
    groups: frozenset[str]


class Membership:
    """Finds the account, or makes it where a group of the operator's list says so."""

    def __init__(self, accounts: Accounts, tenants: Tenants, keyring: Keyring, rules: Sequence[GroupRule]) -> None:
        self._accounts = accounts
        self._tenants = tenants
        self._keyring = keyring
        self._rules = rules

    async def of(self, person: Vouched) -> Account:
        """Raises `UnauthenticatedError` (`not_invited`), and `RefusedError` where the account is another subject's, disabled, or
        another tenant's than its group says."""
        subject = self._keyring.digest("users/subject", f"{person.issuer}\n{person.subject}")
        rule = next((rule for rule in self._rules if rule.value in person.groups), None)
        row = await self._accounts.row(User.subject_hash == subject) or await self._invited(person, subject)
        if row is None:
            return await self._made(person, subject, rule)
        if row.disabled_at is not None:
            raise RefusedError("the account is disabled")
        account = self._accounts.shown(row)
        return await self._followed(account, rule) if account.managed else account

    async def _invited(self, person: Vouched, subject: str) -> User | None:
        """By the address, once: from then on the account is the subject's."""
        row = await self._accounts.row(User.email_hash == self._accounts.hash_of(_address(person)))
        if row is None or row.disabled_at is not None:
            return row
        if row.subject_hash is not None:
            raise RefusedError("the address belongs to another subject's account")
        await self._accounts.link(row.tenant_id, row.id, subject)
        return row

    async def _made(self, person: Vouched, subject: str, rule: GroupRule | None) -> Account:
        if rule is None:
            raise UnauthenticatedError("nobody has invited this account; ask your administrator", code="not_invited")
        tenant = await self._tenants.by_slug(rule.tenant)
        new = NewAccount(person.email, rule.role, rule.audience, person.name, managed=True)
        account = await self._accounts.add(tenant.id, new, actor=PROVIDER)
        await self._accounts.link(tenant.id, account.id, subject)
        return account

    async def _followed(self, account: Account, rule: GroupRule | None) -> Account:
        """A role follows its group; whoever left all groups is out."""
        if rule is None:
            await self._accounts.sign_out(account)
            raise UnauthenticatedError("nobody has invited this account; ask your administrator", code="not_invited")
        if (await self._tenants.by_slug(rule.tenant)).id != account.tenant_id:
            raise RefusedError("the group belongs to another tenant than the account")
        if rule.role is account.role and rule.audience in (None, account.audience):
            return account
        return await self._accounts.change(
            account.tenant_id, account.id, actor=PROVIDER, role=rule.role, audience=rule.audience
        )


def _address(person: Vouched) -> str:
    try:
        return normal_email(person.email)
    except InvalidRequestError:
        raise RefusedError("the address is none") from None
