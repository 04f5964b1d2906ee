"""Policies and prompts on the wire."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from answers.rulings import prompt_text, topic_policy
from api.schemas.base import Body
from core.directives import Directive
from core.settings import PolicySettings
from guardrails.policy import Limits

Cue = Annotated[str, Field(min_length=1, max_length=1000)]
Note = Annotated[str, Field(max_length=500, description="why, for whoever reads the versions")]


def limits(settings: PolicySettings) -> Limits:
    return Limits(settings.max_topics, settings.max_cues, settings.max_cue_words, settings.max_cue_chars)


class TopicIn(Body):
    """A topic that only authoritative documents answer. A cue's words follow each other in a sentence: 'how much cost|costs'."""

    name: str = Field(examples=["prices"])
    cues: list[Cue] = Field(examples=[["list price of|for", "how much does|do cost|costs"]])
    unless: list[Cue] = Field([], description="what says that the words mean something else", examples=[["till|tills"]])


class PolicyIn(Body):
    topics: list[TopicIn] = Field(description="no topics: nothing is high-impact")
    note: Note = ""

    def body(self) -> dict[str, Any]:
        return self.model_dump(include={"topics"})


class PromptIn(Body):
    text: str = Field(description="what a language model is told; {{ tenant }} and {{ max_words }} are filled in")
    note: Note = ""


class RollbackIn(Body):
    version: int = Field(ge=0, le=1_000_000_000, description="the version to say again; 0 is what the software brings")
    note: Note = ""


class VersionOut(BaseModel):
    version: int
    note: str
    author: str
    restores: int | None = Field(description="the earlier version that it says again")
    created_at: datetime | None = Field(description="null: what the software brings")

    @classmethod
    def of(cls, directive: Directive, **more: Any) -> Self:
        return cls(**{name: value for name, value in asdict(directive).items() if name != "body"}, **more)


class PolicyOut(VersionOut):
    topics: list[TopicIn]

    @classmethod
    def stated(cls, directive: Directive) -> Self:
        return cls.of(directive, **topic_policy(directive).as_json())


class PromptOut(VersionOut):
    text: str

    @classmethod
    def stated(cls, directive: Directive) -> Self:
        return cls.of(directive, text=prompt_text(directive))


class VersionsOut(BaseModel):
    versions: list[VersionOut]
