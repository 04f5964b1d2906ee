"""Every setting of the service, read once in an entry point and handed down by section.

Sources, strongest first: `COPILOT_*` variables (sections joined by two underscores: `COPILOT_LLM__BASE_URL`), a TOML file
(`COPILOT_CONFIG`, else `copilot.toml` in the home folder), the defaults below. An unknown key is refused with its path.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from core.errors import ConfigurationError

PREFIX = "COPILOT_"
_POINTERS = {"COPILOT_CONFIG", "COPILOT_API_KEY"}
"""Variables with the prefix that are no settings: where the file is, and the key of `partner-copilot mcp`."""
_LISTS = {"roots": os.pathsep, "allow_hosts": ",", "languages": ","}
"""Settings that hold several values, and what stands between these in a variable."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IndexKind(StrEnum):
    EMBEDDED = "embedded"
    SERVER = "server"


class DatabaseSettings(Section):
    url: str | None = Field(None, description="postgresql+psycopg://…; empty: SQLite in the home folder")
    pool_size: int = Field(10, ge=1, description="PostgreSQL connections a process")


class IndexSettings(Section):
    kind: IndexKind = IndexKind.EMBEDDED
    url: str | None = Field(None, description="Qdrant server, for kind = server")
    api_key: SecretStr | None = None
    max_open_shards: int = Field(64, ge=1)
    grace_s: float = Field(300.0, ge=0, description="how long a reindex keeps the old vectors for running questions")
    deadline_s: float = Field(5.0, gt=0)


class Precision(StrEnum):
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class EmbeddingSettings(Section):
    model: str | None = Field(
        None, description="a sentence-transformers name or folder; empty: the bundled all-MiniLM-L6-v2"
    )
    device: str = "cpu"
    batch_tokens: int = Field(4096, ge=256, description="word pieces a forward pass")
    precision: Precision = Field(
        Precision.FLOAT32,
        description="bfloat16: about twice as fast where the processor computes in it (AMX, AVX512_BF16)",
    )


class LLMSettings(Section):
    base_url: str | None = Field(None, description="an OpenAI-compatible endpoint; empty: extractive answers")
    model: str = ""
    api_key: SecretStr | None = None
    context_tokens: int = Field(4096, ge=512)
    max_tokens: int = Field(512, ge=16)
    deadline_s: float = Field(60.0, gt=0)
    idle_s: float = Field(10.0, gt=0, description="longest silence between two pieces of an answer")


class AnswerSettings(Section):
    threshold: float = Field(0.35, ge=0, le=1, description="confidence below which the copilot abstains")
    passages: int = Field(6, ge=1, le=20, description="passages that an answer may use")
    candidates: int = Field(40, ge=10, le=200, description="candidates each of dense and sparse search")
    max_question_chars: int = Field(40_000, ge=100)
    history_turns: int = Field(4, ge=0)
    history_chars: int = Field(
        1000, ge=100, description="characters of an earlier question that are read of a conversation the caller tells"
    )
    max_questions: int = Field(4, ge=1, le=10, description="questions of one message that are answered, each by itself")
    max_choices: int = Field(5, ge=2, le=10, description="choices that a clarifying question offers")
    max_closest: int = Field(3, ge=0, le=10, description="nearest documents that an abstention names")
    languages: tuple[str, ...] = Field(
        ("en",), description="ISO 639-1 codes of what the embedding model reads; commas between in the environment"
    )


class GapSettings(Section):
    keep_days: float = Field(
        365.0, gt=0, description="days after which a question that nobody asked again is forgotten"
    )
    max_kept: int = Field(5000, ge=1, description="unanswered questions of a tenant; those asked longest ago go first")


class GuardSettings(Section):
    threads: int = Field(2, ge=1)
    deadline_s: float = Field(5.0, gt=0)


class IngestSettings(Section):
    max_file_bytes: int = Field(50_000_000, ge=1)
    max_unpacked_bytes: int = Field(200_000_000, ge=1)
    max_pages: int = Field(2000, ge=1)
    max_characters: int = Field(10_000_000, ge=1, description="text of one file, and of those inside it together")
    max_members: int = Field(20_000, ge=1, description="parts of an office file; files inside one file")
    max_ratio: int = Field(200, ge=2, description="unpacked to packed size of a file above 20 MB")
    max_depth: int = Field(4, ge=1, description="files inside each other; 1: attachments are not read")
    max_upload_members: int = Field(200, ge=1, description="documents that one uploaded ZIP may bring")
    file_timeout_s: float = Field(60.0, gt=0)
    worker_memory_bytes: int = Field(2_000_000_000, ge=500_000_000)
    workers: int = Field(1, ge=1, description="child processes that parse and redact")
    batch_chunks: int = Field(256, ge=1, description="chunks that are embedded, stored and acknowledged together")
    roots: tuple[Path, ...] = Field((), description="folders that API clients may name as a source")
    retire_limit: float = Field(
        0.2, ge=0, le=1, description="share of a source's documents from which a sync asks before it retires them"
    )
    retire_free: int = Field(
        1, ge=0, description="documents that a sync may retire without asking, whatever their share"
    )
    source_faults: int = Field(
        10, ge=1, description="passing faults after which a sync gives its source up; four answers make up for one"
    )
    source_wait_s: float = Field(7200.0, gt=0, description="seconds that one sync waits for its source in all")
    max_listed: int = Field(5000, ge=1, description="files that the report of one sync names; all are counted")
    heads: int = Field(8, ge=1, description="files whose version one sync asks its source for at once")
    retry_attempts: int = Field(3, ge=1, description="tries of one file or batch that meets a passing fault")
    retry_wait_s: float = Field(
        0.5, ge=0, description="longest pause after the first of these tries; doubled with each"
    )
    breaker_failures: int = Field(3, ge=1, description="failed syncs in a row after which a source rests")
    breaker_pause_s: float = Field(
        300.0, ge=0, description="how long it rests first; doubled with each further failure"
    )
    breaker_longest_s: float = Field(86_400.0, ge=0)
    allow_hosts: tuple[str, ...] = Field(
        (),
        description="host or host:port of web, Git and S3 sources that are not public; commas between in the environment",
    )


class SourceSettings(Section):
    max_items: int = Field(100_000, ge=1, description="items that one source may list")
    max_disk_bytes: int = Field(2_000_000_000, ge=1_000_000, description="what one repository may take on this disk")
    request_s: float = Field(30.0, gt=0, description="longest wait for one answer of a source")
    transfer_s: float = Field(600.0, gt=0, description="longest transfer of a repository or of one object")
    max_archive_members: int = Field(10_000, ge=1, description="members of a ZIP, of those inside it too")
    max_archive_bytes: int = Field(1_000_000_000, ge=1, description="what a ZIP may unpack to")
    max_archive_ratio: int = Field(200, ge=2, description="unpacked to packed size of a member above 1 MB")
    max_archive_depth: int = Field(2, ge=1, description="1: a ZIP inside a ZIP is not read")
    max_per_tenant: int = Field(200, ge=1, description="sources of a tenant")


class CurationSettings(Section):
    page_size: int = Field(200, ge=1, le=1000, description="most rows that one page of a list may hold")
    max_comment_chars: int = Field(8000, ge=1)
    max_bulk: int = Field(200, ge=1, description="documents that one call may approve")
    max_diff_lines: int = Field(5000, ge=10, description="lines that a diff shows; the rest is counted")


class ReleaseSettings(Section):
    gate_timeout_s: float = Field(300.0, gt=0, description="a gate that takes longer blocks the release")
    gate_parallel: int = Field(4, ge=1, description="golden questions asked at once")
    max_golden: int = Field(500, ge=1, description="golden questions of a tenant")
    max_listed: int = Field(500, ge=1, description="documents that one list of a release's changes names")
    keep: int = Field(20, ge=1, description="newest releases that a collection keeps")
    keep_revisions: int = Field(5, ge=1, description="newest revisions of a document that a collection keeps")
    grace_s: float = Field(600.0, ge=0, description="how long a collection spares a release that was live")
    reconcile_wait_s: float = Field(10.0, gt=0, description="how long a start waits for a corpus that is being synced")


class JobSettings(Section):
    parallel: int = Field(2, ge=1, description="jobs that one process runs at once; a tenant has one at a time")
    poll_s: float = Field(1.0, gt=0, description="how often the table is asked for work")
    max_attempts: int = Field(8, ge=1, description="tries of a job that meets passing faults")
    backoff_s: float = Field(5.0, ge=0, description="longest pause after the first passing fault; doubled with each")
    max_backoff_s: float = Field(600.0, ge=0)
    full_disk_pause_s: float = Field(60.0, gt=0, description="pause of a job that found the disk full")
    keep_days: float = Field(30.0, gt=0, description="days that a finished job stays listed")
    schedule_poll_s: float = Field(
        10.0, gt=0, description="how often sources are looked through for those that are due"
    )
    schedule_jitter: float = Field(0.1, ge=0, le=1, description="share of its interval that a source's turn moves")


class ServerSettings(Section):
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    max_body_bytes: int = Field(60_000_000, ge=1)
    drain_s: int = Field(20, ge=0)
    public_url: str | None = None


class QuotaSettings(Section):
    questions_per_minute: int = Field(1200, ge=1, description="questions a minute and tenant")
    questions_per_day: int | None = Field(None, ge=1, description="of a tenant; empty: no limit. Days are UTC's")
    tokens_per_day: int | None = Field(None, ge=1, description="of the language model, a tenant; empty: no limit")
    key_questions_per_day: int | None = Field(None, ge=1, description="of one key")
    key_tokens_per_day: int | None = Field(None, ge=1, description="of one key")


class AuditSettings(Section):
    anchors: Path | None = Field(
        None, description="file that the chains' signed ends are appended to; empty: in the home folder"
    )
    anchor_s: float = Field(300.0, gt=0, description="how often; at the end of every process, too")
    page_size: int = Field(200, ge=1, le=1000, description="most rows that one page of the audit may hold")


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


class LangfuseSettings(Section):
    public_key: str | None = None
    secret_key: SecretStr | None = None
    base_url: str = "https://cloud.langfuse.com"
    environment: str = "default"
    sample_rate: float = Field(1.0, ge=0, le=1)


class LogSettings(Section):
    level: str = "INFO"
    json_lines: bool | None = Field(None, description="empty: JSON unless standard error is a terminal")


class Settings(Section):
    home: Path = Field(Path(".copilot"), description="where data lives")
    master_key: SecretStr | None = Field(None, description="base64 of 32 bytes; empty: created in the home folder")
    database: DatabaseSettings = DatabaseSettings()
    index: IndexSettings = IndexSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    llm: LLMSettings = LLMSettings()
    answers: AnswerSettings = AnswerSettings()
    gaps: GapSettings = GapSettings()
    guards: GuardSettings = GuardSettings()
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
