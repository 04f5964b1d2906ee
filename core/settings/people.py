"""How people sign in: local accounts, an identity provider, and the sessions that follow."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from core.domain import Audience, Role
from core.settings.base import Section

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class SignInSettings(Section):
    product_name: str = Field("Partner Copilot", min_length=1, max_length=80, description="what sign-in pages call it")
    passwords: bool = Field(True, description="whether local accounts may sign in; false: the identity provider alone")
    min_password_chars: int = Field(12, ge=8, le=128)
    argon2_memory_kib: int = Field(
        65_536, ge=1024, description="of one password's hash: RFC 9106, section 4, second choice"
    )
    argon2_passes: int = Field(3, ge=1)
    argon2_lanes: int = Field(4, ge=1)
    hashes_at_once: int = Field(2, ge=1, description="passwords that one process hashes at the same time")
    tries_per_account: int = Field(5, ge=1, description="wrong passwords of one account before it has to wait")
    tries_per_address: int = Field(30, ge=1, description="wrong passwords from one address before it has to wait")
    wait_s: float = Field(5.0, gt=0, description="the first wait; doubled with each further wrong password")
    longest_wait_s: float = Field(900.0, gt=0)
    forget_hours: float = Field(24.0, gt=0, description="after which wrong passwords no longer count")


class SessionSettings(Section):
    idle_minutes: float = Field(30.0, gt=0, description="without a request, after which a session ends")
    absolute_hours: float = Field(12.0, gt=0, description="after which it ends in any case")
    secure: bool | None = Field(
        None,
        description="cookies over TLS alone; empty: yes, unless the browser asked a loopback address over plain HTTP",
    )
    max_per_person: int = Field(20, ge=1, description="sessions of one account; the oldest makes room for a new one")


class Algorithm(StrEnum):
    """Of an ID token's signature. One is pinned; none of them is symmetric, and `none` is none of them."""

    RS256 = "RS256"
    PS256 = "PS256"
    ES256 = "ES256"
    EDDSA = "EdDSA"


class GroupRule(Section):
    """Whoever has `value` in the claim belongs to the tenant in that role. The operator writes the tenant; a token never does."""

    value: str = Field(min_length=1, max_length=200)
    tenant: str = Field(min_length=1, max_length=63)
    role: Role
    audience: Audience | None = None

    @field_validator("role")
    @classmethod
    def _of_people(cls, role: Role) -> Role:
        if role is Role.OPERATOR:
            raise ValueError("the operator role is the command line's own")
        return role


class OIDCSettings(Section):
    issuer: str | None = Field(None, description="the provider's issuer, exactly as its discovery document states it")
    client_id: str = ""
    client_secret: SecretStr | None = Field(None, description="empty: a public client, which PKCE alone protects")
    label: str = Field("single sign-on", min_length=1, max_length=60, description="after 'Sign in with' on the page")
    algorithm: Algorithm = Field(Algorithm.RS256, description="the only signature algorithm that is accepted")
    scopes: str = "openid email profile"
    group_claim: str = Field("groups", min_length=1, max_length=100, description="the claim that `groups` look into")
    groups: tuple[GroupRule, ...] = Field((), description="in a TOML file: [[oidc.groups]]; the first that fits holds")
    request_s: float = Field(10.0, gt=0, description="longest wait for the provider")
    minutes: float = Field(10.0, gt=0, le=60, description="from 'sign in' to the provider's answer")
    leeway_s: int = Field(60, ge=0, le=300, description="by which the provider's clock may differ")
    starts_per_address: int = Field(30, ge=1, description="sign-ins by the provider a minute and address")

    @field_validator("issuer")
    @classmethod
    def _over_tls(cls, issuer: str | None) -> str | None:
        if issuer:
            url = urlsplit(issuer)
            if url.scheme != "https" and not (url.scheme == "http" and url.hostname in LOOPBACK):
                raise ValueError("an issuer starts with https://")
        return issuer or None
