"""What goes over the wire about people and their sessions."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from api.people.accounts import NewAccount
from api.people.passwords import LONGEST
from api.people.sessions import Method, SignedIn
from core.domain import Audience, Permission, Role
from core.tenancy import TenantInfo


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Shown(BaseModel):
    """Read off a record with fields of the same names."""

    model_config = ConfigDict(from_attributes=True)


class SignInIn(_In):
    email: str = Field(min_length=1, max_length=254)
    password: str = Field(min_length=1, max_length=LONGEST)


class PasswordIn(_In):
    current: str = Field(min_length=1, max_length=LONGEST)
    new: str = Field(min_length=1, max_length=LONGEST)


class EnterIn(_In):
    tenant: str = Field(min_length=1, max_length=63, description="its short name, as on the command line")


class UserIn(_In):
    email: str = Field(min_length=1, max_length=254)
    role: Role
    audience: Audience | None = Field(None, description="as the role asks, if absent")
    name: str = Field("", max_length=200, description="shown beside what they write")


class UserPatch(_In):
    role: Role | None = None
    audience: Audience | None = None
    disabled: bool | None = None


class UserOut(_Shown):
    id: str
    email: str
    name: str
    role: Role
    audience: Audience
    has_password: bool
    managed: bool
    disabled: bool
    created_at: datetime


class UsersOut(BaseModel):
    users: list[UserOut]


class TenantOut(BaseModel):
    slug: str
    name: str


class PersonOut(BaseModel):
    """`tenant` is where they work just now; `csrf` goes with each act, as `X-CSRF-Token`."""

    id: str
    email: str
    name: str
    role: Role
    tenant: TenantOut
    may_enter: bool
    has_password: bool
    permissions: list[Permission]
    csrf: str
    ends_at: datetime

    @classmethod
    def of(cls, who: SignedIn, tenant: TenantInfo) -> PersonOut:
        account, held = who.account, who.principal.permissions
        return cls(
            id=account.id,
            email=account.email,
            name=account.name,
            role=account.role,
            tenant=TenantOut(slug=tenant.slug, name=tenant.name),
            may_enter=Permission.TENANTS_ENTER in held,
            has_password=account.has_password,
            permissions=sorted(held),
            csrf=who.csrf,
            ends_at=who.ends_at,
        )


class DoorOut(BaseModel):
    """How one signs in here, and who did. `oidc` is what stands after 'Sign in with'."""

    product: str
    passwords: bool
    oidc: str | None
    person: PersonOut | None


class SessionOut(_Shown):
    id: str
    method: Method
    browser: str
    created_at: datetime
    seen_at: datetime
    current: bool


class SessionsOut(BaseModel):
    sessions: list[SessionOut]


def invited(body: UserIn) -> NewAccount:
    return NewAccount(body.email, body.role, body.audience, body.name)
