"""The settings: a section for each part of the product, read from a file and the environment."""

from core.settings.answers import (
    AnswerSettings,
    GapSettings,
    GuardSettings,
    LLMSettings,
    PolicySettings,
    QuotaSettings,
)
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
from core.settings.people import LOOPBACK, GroupRule, OIDCSettings, SessionSettings, SignInSettings
from core.settings.rights import RetentionSettings, SubjectSettings
from core.settings.system import (
    AuditSettings,
    DatabaseSettings,
    JobSettings,
    KeySettings,
    LangfuseSettings,
    LogSettings,
    ServerSettings,
    VaultSettings,
)

__all__ = [
    "LOOPBACK",
    "PREFIX",
    "AnswerSettings",
    "AuditSettings",
    "CaseSettings",
    "CurationSettings",
    "DatabaseSettings",
    "EmbeddingSettings",
    "GapSettings",
    "GroupRule",
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
    "OIDCSettings",
    "OpenAISettings",
    "PolicySettings",
    "Precision",
    "QuotaSettings",
    "ReleaseSettings",
    "RetentionSettings",
    "SMTPSecurity",
    "Section",
    "ServerSettings",
    "SessionSettings",
    "Settings",
    "SignInSettings",
    "SlackSettings",
    "SourceSettings",
    "SubjectSettings",
    "VaultSettings",
    "WidgetSettings",
    "load_settings",
]
