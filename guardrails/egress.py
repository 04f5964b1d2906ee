"""The egress gate: what a model wrote becomes Markdown that cannot fetch, link or show anything but its sources.

The text is parsed, the tree walked, and new Markdown written from it; nothing is cut out of the original with expressions
(EchoLeak, CVE-2025-32711, passed such a filter with reference-style links).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from guardrails.errors import GuardError
from guardrails.hidden import strip_hidden
from guardrails.links import known_addresses
from guardrails.markdown import Writer, parser

_ROUNDS = 8
_ROUNDS_WITH_EMPHASIS = 4
"""Writing may join what HTML or an image kept apart, so it is parsed again until it comes out as it went in. Emphasis marks are
the usual reason why it does not, and are given up first."""


@dataclass(frozen=True, slots=True)
class EgressResult:
    """Safe Markdown, and the kinds of things left out: `image`, `html`, `link`, `bare_url`, `email`, `hidden_characters`."""

    text: str
    violations: tuple[str, ...]


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return parser()


def screen_markdown(text: str, *, allowed_urls: frozenset[str], source_texts: Sequence[str]) -> EgressResult:
    """No HTML, no images, no hidden characters; links only to `allowed_urls` (exactly, and http or https).

    A URL or e-mail address written out stays only where a source text shows the same one. ``[n]`` markers, code, lists, tables and
    emphasis stay. Screening a result changes nothing. Raises `GuardError` where the text cannot be made safe.
    """
    try:
        return _screen(text, allowed_urls, source_texts)
    except GuardError:
        raise
    except Exception as error:
        raise GuardError(f"The answer could not be screened ({type(error).__name__}); it was not sent") from None


def _screen(text: str, allowed_urls: frozenset[str], source_texts: Sequence[str]) -> EgressResult:
    markdown = _parser()
    web = [url for url in allowed_urls if url.startswith(("https://", "http://"))]
    hrefs = {markdown.normalizeLink(url): url for url in web} | {url: url for url in web}
    known = known_addresses(source_texts) | frozenset(web)
    text, hidden = strip_hidden(text)
    violations = ["hidden_characters"] * bool(hidden)
    for attempt in range(_ROUNDS):
        writer = Writer(allowed_urls=hrefs, known=known, emphasis=attempt < _ROUNDS_WITH_EMPHASIS)
        written, revealed = strip_hidden(writer.document(SyntaxTreeNode(markdown.parse(text))))
        violations += writer.violations + ["hidden_characters"] * bool(revealed)
        if written == text:
            return EgressResult(text, tuple(violations))
        text = written
    raise GuardError("The answer's Markdown could not be made safe; it was not sent")
