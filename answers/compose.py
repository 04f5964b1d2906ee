"""The prompt for a language model: rules, numbered passages within a token budget, the question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from answers.system_prompt import SHIPPED_PROMPT, filled
from core.domain import Passage
from core.llm import Message, estimate_tokens

MAX_WORDS = 150
_TAG = re.compile(r"(?P<open><\s*/?\s*)passage", re.IGNORECASE)
_FOLDER = Path(__file__).parent / "prompts"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent, and how many of the passages fitted. `hash` names the templates, for the record of each answer."""

    messages: tuple[Message, ...]
    passages: int
    hash: str


class Composer:
    """Fills the templates. `budget` is in tokens and covers rules, passages and question."""

    def __init__(self, *, budget: int) -> None:
        # Plain text for a model, not HTML for a browser: escaping would alter what the passages say.
        self._templates = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=False,  # noqa: S701
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._budget = budget
        self._questions = (_FOLDER / "question.md.j2").read_text("utf-8")

    def prompt(
        self, question: str, passages: Sequence[Passage], *, tenant: str, template: str = SHIPPED_PROMPT
    ) -> Prompt:
        """Takes passages from the best down while they fit; the best one always stands, cut if it must be. `template` is what the
        model is told before them."""
        system = filled(template, tenant=tenant, max_words=MAX_WORDS)
        left = self._budget - estimate_tokens(system) - estimate_tokens(question)
        taken: list[dict[str, str | None]] = []
        for passage in passages:
            cost = estimate_tokens(passage.text) + 30
            if taken and cost > left:
                break
            text = passage.text if cost <= left else passage.text[: max(200, 3 * left)]
            version = _attribute(passage.version) if passage.version else None
            taken.append({"title": _attribute(passage.title), "version": version, "text": _quoted(text)})
            left -= cost
        user = self._templates.get_template("question.md.j2").render(passages=taken, question=question)
        named = sha256((template + self._questions).encode()).hexdigest()[:16]
        return Prompt((Message("system", system), Message("user", user)), len(taken), named)


def _quoted(text: str) -> str:
    """A passage cannot close its own quotation, and has no line without the mark of one: what stands in it, whatever it says it
    is, looks like no rule and no question (Hines et al. 2024, "Defending against indirect prompt injection with spotlighting")."""
    return "\n".join(f"> {line}" for line in _inert(text).splitlines())


def _attribute(text: str) -> str:
    """On one line, within its quotation marks."""
    return " ".join(_inert(text).replace('"', "'").split())


def _inert(text: str) -> str:
    return _TAG.sub(r"\g<open>\\passage", text)
