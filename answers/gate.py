"""Before anything is composed: whether the documents that were found may speak, and what is said where they may not."""

from __future__ import annotations

from answers import endings
from answers.clarify import choices_for, customers_for, topics_for
from answers.endings import Ending
from answers.finding import Finding
from answers.identifiers import holding
from answers.kinds import is_one_word
from answers.languages import language_of
from answers.nearest import naming_codes
from answers.plan import Plan
from answers.turn import Policy
from answers.types import Choice
from core.domain import Passage

ASKING_BACK = 0.75
"""Of the threshold of confidence: asking which is meant risks less than an answer, and a question that is torn between groups
scores lower than one that is not."""


def instead(plan: Plan, found: Finding, policy: Policy) -> Ending | None:
    """What is said in the place of an answer; `None` where the documents may speak."""
    sure = found.enough
    if plan.language not in policy.languages and not (sure and _speaks(plan.language, found.result.passages[0])):
        coded = naming_codes(plan.query, found.result.passages)
        return endings.not_my_language(plan, found.confidence, coded, most=policy.max_closest)
    if is_one_word(plan.query):
        return _for_word(plan, found, policy, sure=sure)
    choices = () if plan.settled else _choices(plan, found, policy, sure=sure)
    if choices:
        return endings.unclear(choices, found.confidence)
    return None if sure else abstained(plan, found, policy)


def abstained(plan: Plan, found: Finding, policy: Policy) -> Ending:
    return endings.abstained(plan, found.confidence, found.result.passages, most=policy.max_closest)


def _choices(plan: Plan, found: Finding, policy: Policy, *, sure: bool) -> tuple[Choice, ...]:
    customers = () if sure else customers_for(plan.query, plan.customers, plan.filters, most=policy.max_choices)
    if customers or found.confidence < ASKING_BACK * found.threshold:
        return customers
    return choices_for(plan.query, found.result.passages, plan.filters, most=policy.max_choices)


def _for_word(plan: Plan, found: Finding, policy: Policy, *, sure: bool) -> Ending | None:
    """A word that heads the best passage is what that passage is about; a code that does is looked up there, not guessed."""
    word, passages = plan.query.strip(" .!?"), found.result.passages
    headed = bool(passages) and _heads(word, passages[0]) and (sure or any(map(str.isdigit, word)))
    if headed or (sure and holding(word, passages)):
        return None
    topics = topics_for(word, passages, most=policy.max_choices)
    return endings.what_about(word, topics, found.confidence) if topics else abstained(plan, found, policy)


def _heads(word: str, passage: Passage) -> bool:
    return word.casefold() in " ".join((passage.title, *passage.heading_path)).casefold()


def _speaks(language: str, passage: Passage) -> bool:
    return language_of(passage.text) == language
