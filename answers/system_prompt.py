"""What a language model is told before the passages: the software's own words, or a tenant's.

A tenant's text is filled in, never run as a template: two names are known, and nothing else of it means anything.
"""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import InvalidRequestError

NO_ANSWER = "NO_ANSWER"
"""What a model replies where the passages do not answer. Without it in the prompt no model could abstain."""
SHIPPED_PROMPT = (Path(__file__).parent / "prompts" / "answer.md").read_text("utf-8")
NAMES = ("tenant", "max_words")

_NAME = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def filled(template: str, *, tenant: str, max_words: int) -> str:
    values = {"tenant": tenant, "max_words": str(max_words)}
    return _NAME.sub(lambda match: values.get(match[1], match[0]), template)


def checked(text: str, *, max_chars: int) -> str:
    """Raises `InvalidRequestError` (`invalid_prompt`)."""
    tidy = text.strip()
    unknown = sorted({name for name in _NAME.findall(tidy) if name not in NAMES})
    if unknown or NO_ANSWER not in tidy or len(tidy) > max_chars:
        raise InvalidRequestError(
            f"a prompt has at most {max_chars:,} characters, tells the model to reply with {NO_ANSWER} where the passages do not "
            f"answer, and names no variables but {', '.join(f'{{{{ {name} }}}}' for name in NAMES)}",
            code="invalid_prompt",
        )
    return tidy
