"""The settings: a section for each part of the product, read from a file and the environment."""

from core.settings.answers import AnswerSettings, GapSettings, GuardSettings, LLMSettings, QuotaSettings
from core.settings.base import Section
from core.settings.channels import (
    CaseSettings,
    MCPSettings,
    OpenAISettings,
    SlackSettings,
    SMTPSecurity,
    WidgetSettings,
)
from core.settings.knowledge import (
    CurationSettings,
    EmbeddingSettings,
    IndexKind,
    IndexSettings,
    IngestSettings,
    Precision,
    ReleaseSettings,
    SourceSettings,
)
from core.settings.loading import PREFIX, Settings, load_settings
from core.settings.rights import RetentionSettings, SubjectSettings
from core.settings.system import (
    AuditSettings,
    DatabaseSettings,
    JobSettings,
    KeySettings,
    LangfuseSettings,
    LogSettings,
    ServerSettings,
)

__all__ = [
    "PREFIX",
    "AnswerSettings",
    "AuditSettings",
    "CaseSettings",
    "CurationSettings",
    "DatabaseSettings",
    "EmbeddingSettings",
    "GapSettings",
    "GuardSettings",
    "IndexKind",
    "IndexSettings",
    "IngestSettings",
    "JobSettings",
    "KeySettings",
    "LLMSettings",
    "LangfuseSettings",
    "LogSettings",
    "MCPSettings",
    "OpenAISettings",
    "Precision",
    "QuotaSettings",
    "ReleaseSettings",
    "RetentionSettings",
    "SMTPSecurity",
    "Section",
    "ServerSettings",
    "Settings",
    "SlackSettings",
    "SourceSettings",
    "SubjectSettings",
    "WidgetSettings",
    "load_settings",
]
