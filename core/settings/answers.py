"""How questions are answered, and how many."""

from __future__ import annotations

from pydantic import Field, SecretStr

from core.settings.base import Section


class LLMSettings(Section):
    base_url: str | None = Field(None, description="an OpenAI-compatible endpoint; empty: extractive answers")
    model: str = ""
    api_key: SecretStr | None = None
    context_tokens: int = Field(4096, ge=512)
    max_tokens: int = Field(512, ge=16)
    deadline_s: float = Field(60.0, gt=0)
    idle_s: float = Field(10.0, gt=0, description="longest silence between two pieces of an answer")


class AnswerSettings(Section):
    threshold: float = Field(0.33, ge=0, le=1, description="confidence below which the copilot abstains")
    passages: int = Field(6, ge=1, le=20, description="passages that an answer may use")
    parallel: int = Field(4, ge=1, description="searches that one process runs at once; tenants take turns")
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
    max_kept: int = Field(5000, ge=1, description="unanswered questions of a tenant; those asked longest ago go first")


class PolicySettings(Section):
    max_topics: int = Field(30, ge=1, description="high-impact topics of a tenant's policy")
    max_cues: int = Field(200, ge=1, description="cues of one topic, and as many exceptions")
    max_cue_words: int = Field(6, ge=2)
    max_cue_chars: int = Field(300, ge=10)
    max_prompt_chars: int = Field(6000, ge=100, description="characters of a tenant's prompt")


class GuardSettings(Section):
    threads: int = Field(2, ge=1)
    deadline_s: float = Field(5.0, gt=0)


class QuotaSettings(Section):
    questions_per_minute: int = Field(1200, ge=1, description="questions a minute and tenant")
    questions_per_day: int | None = Field(None, ge=1, description="of a tenant; empty: no limit. Days are UTC's")
    tokens_per_day: int | None = Field(None, ge=1, description="of the language model, a tenant; empty: no limit")
    key_questions_per_day: int | None = Field(None, ge=1, description="of one key")
    key_tokens_per_day: int | None = Field(None, ge=1, description="of one key")
