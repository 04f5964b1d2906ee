"""The tables, one set for SQLite and PostgreSQL. Every tenant's row carries `tenant_id`."""

from core.models.answers import AnswerRow, Conversation, FeedbackRow, Handoff, KnowledgeGap
from core.models.base import Base, Instant, Json, new_id, now
from core.models.channels import (
    SlackEvent,
    SlackThread,
    SlackWorkspace,
    WidgetKey,
    WidgetRow,
    WidgetSession,
    WidgetToken,
)
from core.models.governance import AuditRow, KeyUsage, ModelCall, Usage
from core.models.knowledge import (
    Corpus,
    CorpusGrant,
    Document,
    DocumentComment,
    GoldenQuestionRow,
    IngestFailure,
    Membership,
    MinHashBand,
    Original,
    PassageRow,
    Release,
    Revision,
    Source,
)
from core.models.tenants import APIKey, Tenant
from core.models.work import EvalRun, Job

__all__ = [
    "APIKey",
    "AnswerRow",
    "AuditRow",
    "Base",
    "Conversation",
    "Corpus",
    "CorpusGrant",
    "Document",
    "DocumentComment",
    "EvalRun",
    "FeedbackRow",
    "GoldenQuestionRow",
    "Handoff",
    "IngestFailure",
    "Instant",
    "Job",
    "Json",
    "KeyUsage",
    "KnowledgeGap",
    "Membership",
    "MinHashBand",
    "ModelCall",
    "Original",
    "PassageRow",
    "Release",
    "Revision",
    "SlackEvent",
    "SlackThread",
    "SlackWorkspace",
    "Source",
    "Tenant",
    "Usage",
    "WidgetKey",
    "WidgetRow",
    "WidgetSession",
    "WidgetToken",
    "new_id",
    "now",
]
