"""Where people ask, and whom cases are told to."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr

from core.settings.base import Section


class SMTPSecurity(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class CaseSettings(Section):
    urgent_minutes: float = Field(30.0, gt=0, description="within which somebody should have taken an urgent case")
    high_minutes: float = Field(120.0, gt=0)
    normal_minutes: float = Field(480.0, gt=0)
    low_minutes: float = Field(1440.0, gt=0)
    retry_s: float = Field(5.0, ge=0, description="longest pause after a receiver's first refusal; doubled with each")
    retry_most_s: float = Field(900.0, ge=0)
    give_up_days: float = Field(7.0, gt=0, description="how long a receiver is tried")
    max_routes: int = Field(10, ge=1, description="receivers of a tenant's cases")
    page_size: int = Field(200, ge=1, le=1000, description="most cases that one page of a list may hold")
    webhook_timeout_s: float = Field(10.0, gt=0)
    allow_hosts: tuple[str, ...] = Field(
        (),
        description="host or host:port of webhooks that are not public, or without TLS; commas between in the environment",
    )
    smtp_host: str | None = Field(None, description="the operator's mail server; empty: no mail")
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_security: SMTPSecurity = SMTPSecurity.STARTTLS
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str = Field("partner-copilot@localhost", description="the sender's address")
    smtp_timeout_s: float = Field(20.0, gt=0)

    def minutes_to_claim(self, severity: str) -> float:
        """`severity` is one of `answers.case_views.Severity`."""
        minutes: float = getattr(self, f"{severity}_minutes")
        return minutes


class SlackSettings(Section):
    signing_secret: SecretStr | None = None
    bot_token: SecretStr | None = None
    app_token: SecretStr | None = Field(None, description="xapp-…: Socket Mode")
    api_url: str = "https://slack.com/api/"
    client_id: str | None = Field(None, description="of the app, to be installed into many workspaces (OAuth)")
    client_secret: SecretStr | None = None
    authorize_url: str = "https://slack.com/oauth/v2/authorize"
    parallel: int = Field(8, ge=1, description="events that one process works on at once")
    code_hours: float = Field(24.0, gt=0, description="how long a one-time code can bind a workspace to a tenant")
    prompts: int = Field(4, ge=0, le=4, description="suggested prompts, the tenant's top questions; Slack shows four")
    prompt_days: float = Field(30.0, gt=0, description="how far back the top questions are counted")
    max_thread_messages: int = Field(15, ge=1, le=1000, description="messages of a thread that a summary reads")


class OpenAISettings(Section):
    max_messages: int = Field(500, ge=1, description="messages of one chat completion")
    max_chars: int = Field(400_000, ge=1000, description="characters of all its messages together")
    max_system_chars: int = Field(
        32_000, ge=0, description="characters of its system prompt, which is accepted and not followed"
    )


class MCPSettings(Section):
    allow_hosts: tuple[str, ...] = Field(
        (),
        description="host names, beside this machine's and that of server.public_url, under which MCP clients may call; "
        "commas between in the environment",
    )
    max_body_bytes: int = Field(1_000_000, ge=1000)
    max_document_chars: int = Field(20_000, ge=500, description="characters of a document that one call returns")


class WidgetSettings(Section):
    session_minutes: float = Field(
        30.0, gt=0, le=30, description="how long a visitor's session lasts; renewed by itself"
    )
    token_minutes: float = Field(15.0, gt=0, le=15, description="longest life of an identity token")
    leeway_s: float = Field(30.0, ge=0, le=120, description="how far the partner's clock may be off")
    max_token_chars: int = Field(4096, ge=256)
    rotation_hours: float = Field(24.0, ge=0, description="how long a rotated identity key is still accepted")
    sessions_per_ip: int = Field(30, ge=1, description="sessions a minute, widget and address")
    questions_per_session: int = Field(12, ge=1, description="questions a minute and visitor's session")
    questions_per_visitor: int = Field(20, ge=1, description="questions a minute and visitor, over all their sessions")
    questions_per_ip: int = Field(60, ge=1, description="questions a minute, widget and address")
    questions_per_widget: int = Field(300, ge=1, description="questions a minute and widget")
    questions_per_day: int = Field(5000, ge=1, description="questions a day and widget: the cap on its cost")
    messages_per_session: int = Field(30, ge=1, description="votes and hand-overs a minute and visitor's session")
    challenge_bits: int = Field(
        0, ge=0, le=24, description="work that a browser does for a session without an identity: 2^bits hashes; 0: none"
    )
    resume_s: float = Field(
        60.0, ge=0, le=600, description="how long an answer goes on without its reader; 0: not at all"
    )
    max_kept_answers: int = Field(1000, ge=1, description="answers that are kept for their readers at a time")
    max_per_tenant: int = Field(50, ge=1, description="widgets of a tenant")
    max_origins: int = Field(20, ge=1, description="pages' origins that may show one widget")
    max_logo_bytes: int = Field(64_000, ge=1000, description="a logo that is part of the theme")
