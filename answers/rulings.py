"""What a tenant's policy and prompt say in the turn that is being answered."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from answers.plan import Plan
from answers.system_prompt import SHIPPED_PROMPT
from core.directives import Directive, DirectiveKind, Directives
from core.models import Json
from guardrails.policy import Limits, TopicPolicy, policy_of
from guardrails.topics import SHIPPED

_KEPT = Limits(topics=10**6, cues=10**6, cue_words=10**6, cue_chars=10**6)
"""What is stored was within the limits when it was set: narrower ones of today must not silence a tenant's answers."""


@dataclass(frozen=True, slots=True)
class Rulings:
    """`prompt` is the template of what a model is told; the versions are 0 where the software's own hold."""

    policy: TopicPolicy = SHIPPED
    policy_version: int = 0
    prompt: str = SHIPPED_PROMPT
    prompt_version: int = 0

    def topics(self, plan: Plan) -> tuple[str, ...]:
        """The high-impact topics of a question, as it was asked and as it is searched: a follow-up leans on what went before."""
        return self.policy.touched(plan.question, plan.query)


class Rules(Protocol):
    """What the pipeline needs of `TenantRules`."""

    async def of(self, tenant_id: str) -> Rulings: ...


class TenantRules:
    def __init__(self, directives: Directives) -> None:
        self._directives = directives

    async def of(self, tenant_id: str) -> Rulings:
        """Read anew for each question: a change holds from the next one on."""
        current = await self._directives.current(tenant_id)
        policy, prompt = current[DirectiveKind.POLICY], current[DirectiveKind.PROMPT]
        return Rulings(topic_policy(policy), policy.version, prompt_text(prompt), prompt.version)


def topic_policy(stored: Directive) -> TopicPolicy:
    return _parsed(json.dumps(stored.body, sort_keys=True)) if stored.body else SHIPPED


def prompt_text(stored: Directive) -> str:
    return str(stored.body["text"]) if stored.body else SHIPPED_PROMPT


def prompt_body(text: str) -> Json:
    return {"text": text}


def reserved(plan: Plan) -> Plan:
    """To be answered from authoritative documents only."""
    return replace(plan, filters=replace(plan.filters, authoritative=True))


@lru_cache(maxsize=1000)
def _parsed(body: str) -> TopicPolicy:
    """Of stored bodies, which never change and were checked when they were set."""
    return policy_of(json.loads(body), _KEPT)
