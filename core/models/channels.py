"""Where people ask: Slack and the widget."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Json, id_column, now, tenant_column


class SlackWorkspace(Base):
    """Which tenant a Slack workspace belongs to; `team_id` is Slack's, the bot token is encrypted."""

    __tablename__ = "slack_workspaces"

    team_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    enterprise_id: Mapped[str | None] = mapped_column(String(32))
    tenant_id: Mapped[str] = tenant_column()
    audience: Mapped[str] = mapped_column(String(16))
    bot_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)


class SlackEvent(Base):
    """One delivered event, stored before work starts, so that redelivery and restarts handle it once."""

    __tablename__ = "slack_events"

    event_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = tenant_column()
    status: Mapped[str] = mapped_column(String(16))
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)


class SlackThread(Base):
    """Which conversation a person's questions in one Slack thread belong to: each asker of a thread has their own."""

    __tablename__ = "slack_threads"

    team_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    thread_ts: Mapped[str] = mapped_column(String(32), primary_key=True)
    user: Mapped[str] = mapped_column(String(32), primary_key=True)
    tenant_id: Mapped[str] = tenant_column()
    conversation_id: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=now)


class SlackCode(Base):
    """A one-time code that lets whoever installs the app bind their workspace to a tenant; only a keyed hash is stored."""

    __tablename__ = "slack_codes"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = tenant_column()
    audience: Mapped[str] = mapped_column(String(16))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SlackPerson(Base):
    """A Slack user who may do more than ask, with the role that says what."""

    __tablename__ = "slack_people"

    team_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user: Mapped[str] = mapped_column(String(32), primary_key=True)
    tenant_id: Mapped[str] = tenant_column()
    role: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=now)


class SlackChannel(Base):
    """How the copilot behaves in one channel; `settings` as `bots.slack.channels` writes them."""

    __tablename__ = "slack_channels"

    team_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    tenant_id: Mapped[str] = tenant_column()
    settings: Mapped[Json]
    changed_by: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[datetime] = mapped_column(default=now)


class SlackShare(Base):
    """A channel shared with another organisation (Slack Connect), and the partner's tenant that everybody in it asks as."""

    __tablename__ = "slack_shares"

    team_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    tenant_id: Mapped[str] = tenant_column()
    audience: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(default=now)


class SlackCase(Base):
    """The Slack thread that a case came from: a person who takes the case silences the copilot there."""

    __tablename__ = "slack_cases"
    __table_args__ = (Index("ix_slack_cases_thread", "team_id", "channel", "thread_ts"),)

    case_id: Mapped[str] = mapped_column(ForeignKey("handoffs.id"), primary_key=True)
    tenant_id: Mapped[str] = tenant_column()
    team_id: Mapped[str] = mapped_column(String(32))
    enterprise_id: Mapped[str | None] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(32))
    thread_ts: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=now)


class SlackDraft(Base):
    """A reply that the copilot drafted and a person sent under their own name: both texts redacted, and their difference."""

    __tablename__ = "slack_drafts"

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    answer_id: Mapped[str] = mapped_column(String(32))
    team_id: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(32))
    thread_ts: Mapped[str] = mapped_column(String(32))
    principal_id: Mapped[str] = mapped_column(String(64))
    drafted: Mapped[str] = mapped_column(Text)
    sent: Mapped[str | None] = mapped_column(Text)
    difference: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)
    sent_at: Mapped[datetime | None]


class WidgetRow(Base):
    """A chat widget that a tenant puts into its own pages; `origins` may frame it, `domain` is the origin that serves it under the
    tenant's own name, `audience` is the most that a visitor with a signed identity may read."""

    __tablename__ = "widgets"

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    name: Mapped[str] = mapped_column(String(100))
    origins: Mapped[list[str]]
    theme: Mapped[Json] = mapped_column(default=dict)
    domain: Mapped[str | None] = mapped_column(String(300))
    audience: Mapped[str] = mapped_column(String(16))
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class WidgetKey(Base):
    """What a widget's identity tokens are verified with, encrypted (context tenant/widget_keys/id): a secret for HS256, a public
    key for EdDSA. `id` is the `kid`. A rotated key ends at `retires_at`."""

    __tablename__ = "widget_keys"

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    widget_id: Mapped[str] = mapped_column(ForeignKey("widgets.id"), index=True)
    algorithm: Mapped[str] = mapped_column(String(8))
    issuer: Mapped[str] = mapped_column(String(200))
    material: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)
    retires_at: Mapped[datetime | None]


class WidgetSession(Base):
    """One visitor's short session on one page's origin. Of its secret only a keyed hash is stored, of the visitor a pseudonym."""

    __tablename__ = "widget_sessions"

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    widget_id: Mapped[str] = mapped_column(ForeignKey("widgets.id"), index=True)
    origin: Mapped[str] = mapped_column(String(300))
    visitor: Mapped[str] = mapped_column(String(64))
    identified: Mapped[bool]
    secret_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class WidgetToken(Base):
    """An identity token that was used, by a hash of its `jti`, until it has expired by itself."""

    __tablename__ = "widget_tokens"

    widget_id: Mapped[str] = mapped_column(ForeignKey("widgets.id"), primary_key=True)
    jti_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = tenant_column()
    expires_at: Mapped[datetime] = mapped_column(index=True)


class WidgetCount(Base):
    """How often something was done from `begins_at` on, a minute or a day long. `who` is a keyed hash: of a session, a visitor, an
    address or a widget."""

    __tablename__ = "widget_counts"

    setting: Mapped[str] = mapped_column(String(32), primary_key=True)
    who: Mapped[str] = mapped_column(String(64), primary_key=True)
    begins_at: Mapped[datetime] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = tenant_column()
    times: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class WidgetStream(Base):
    """A visitor's answer on its way, as far as it was told: its events are encrypted (context tenant/widget_streams/id). `beat_at`
    is when the process that writes it last showed that it lives."""

    __tablename__ = "widget_streams"

    answer_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    tenant_id: Mapped[str] = tenant_column()
    visitor: Mapped[str] = mapped_column(String(64))
    events: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16))
    beat_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
