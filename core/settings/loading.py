"""Every setting of the service, read once in an entry point and handed down by section.

Sources, strongest first: `COPILOT_*` variables (sections joined by two underscores: `COPILOT_LLM__BASE_URL`), a TOML file
(`COPILOT_CONFIG`, else `copilot.toml` in the home folder), the defaults below. An unknown key is refused with its path.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError

from core.errors import ConfigurationError
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
    WidgetSettings,
)
from core.settings.knowledge import (
    CurationSettings,
    EmbeddingSettings,
    IndexSettings,
    IngestSettings,
    ReleaseSettings,
    SourceSettings,
)
from core.settings.people import OIDCSettings, SessionSettings, SignInSettings
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

PREFIX = "COPILOT_"
_POINTERS = {"COPILOT_CONFIG", "COPILOT_API_KEY"}
"""Variables with the prefix that are no settings: where the file is, and the key of `partner-copilot mcp`."""
_LISTS = {"roots": os.pathsep, "allow_hosts": ",", "languages": ","}
"""Settings that hold several values, and what stands between these in a variable."""


class Settings(Section):
    home: Path = Field(Path(".copilot"), description="where data lives")
    master_key: SecretStr | None = Field(None, description="base64 of 32 bytes; empty: created in the home folder")
    previous_master_key: SecretStr | None = Field(
        None, description="the one before, while 'vault rotate' is changing a master key that is a setting"
    )
    database: DatabaseSettings = DatabaseSettings()
    keys: KeySettings = KeySettings()
    sign_in: SignInSettings = SignInSettings()
    sessions: SessionSettings = SessionSettings()
    oidc: OIDCSettings = OIDCSettings()
    index: IndexSettings = IndexSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    llm: LLMSettings = LLMSettings()
    answers: AnswerSettings = AnswerSettings()
    gaps: GapSettings = GapSettings()
    guards: GuardSettings = GuardSettings()
    policy: PolicySettings = PolicySettings()
    ingest: IngestSettings = IngestSettings()
    sources: SourceSettings = SourceSettings()
    jobs: JobSettings = JobSettings()
    curation: CurationSettings = CurationSettings()
    releases: ReleaseSettings = ReleaseSettings()
    server: ServerSettings = ServerSettings()
    quota: QuotaSettings = QuotaSettings()
    openai: OpenAISettings = OpenAISettings()
    mcp: MCPSettings = MCPSettings()
    audit: AuditSettings = AuditSettings()
    vault: VaultSettings = VaultSettings()
    retention: RetentionSettings = RetentionSettings()
    subjects: SubjectSettings = SubjectSettings()
    cases: CaseSettings = CaseSettings()
    slack: SlackSettings = SlackSettings()
    widget: WidgetSettings = WidgetSettings()
    langfuse: LangfuseSettings = LangfuseSettings()
    log: LogSettings = LogSettings()

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite+aiosqlite:///{(self.home / 'copilot.db').resolve()}"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the TOML file and the environment. Raises `ConfigurationError` naming the path of whatever is unknown or unusable."""
    environ = os.environ if environ is None else environ
    values = _from_environment(environ)
    home = Path(str(values.get("home", Settings().home)))
    file = Path(environ["COPILOT_CONFIG"]) if "COPILOT_CONFIG" in environ else home / "copilot.toml"
    try:
        return Settings.model_validate(_merge(_from_file(file, required="COPILOT_CONFIG" in environ), values))
    except ValidationError as error:
        problems = "; ".join(_problem(".".join(map(str, e["loc"])), e["type"], e["msg"]) for e in error.errors())
        raise ConfigurationError(f"{problems}. Settings come from {PREFIX}* variables and {file}.") from None


def _problem(path: str, kind: str, message: str) -> str:
    variable = PREFIX + path.upper().replace(".", "__")
    return (
        f"unknown setting '{path}' ({variable})"
        if kind == "extra_forbidden"
        else f"setting '{path}' ({variable}): {message}"
    )


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name in _POINTERS:
            continue
        *sections, key = name.removeprefix(PREFIX).lower().split("__")
        target = values
        for section in sections:
            nested = target.setdefault(section, {})
            if not isinstance(nested, dict):
                raise ConfigurationError(f"'{name}' treats the setting '{section}' as a section")
            target = nested
        target[key] = [part.strip() for part in value.split(_LISTS[key]) if part.strip()] if key in _LISTS else value
    return values


def _from_file(file: Path, *, required: bool) -> dict[str, object]:
    if not file.is_file():
        if required:
            raise ConfigurationError(f"COPILOT_CONFIG names {file}, which is no file")
        return {}
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is no valid TOML: {error}") from None


def _merge(base: dict[str, object], over: dict[str, object]) -> dict[str, object]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged
