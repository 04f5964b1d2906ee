"""Markdown: front matter read apart, the rest rendered to HTML and walked, so that raw HTML in it fares the same."""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence

import yaml
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

from ingest.formats.elements import Element, Parsed, ParseLimits, clean
from ingest.formats.html import html_document
from ingest.formats.markdown_mend import mended, unescaped
from ingest.formats.plain import decode
from ingest.formats.tags import KNOWN

_FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(?P<yaml>.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"^(?P<key>[A-Za-z][\w.:-]*):[ \t]+(?P<value>\S.*)$", re.MULTILINE)
_LONGEST_FRONT_MATTER = 64_000
_TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9-]*)")


class _Renderer(RendererHTML):
    def html_inline(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, object]
    ) -> str:
        """A tag that HTML does not know is a placeholder that the author meant to be read: `--store <store-id>`."""
        content = tokens[idx].content
        name = _TAG_NAME.match(content)
        return escapeHtml(content) if name and name.group(1).lower() not in KNOWN else content


_MARKDOWN = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable(["table", "strikethrough"])


def parse_markdown(data: bytes, limits: ParseLimits) -> Parsed:
    text = clean(decode(data))
    front_matter, body, warnings = split_front_matter(text)
    parsed = html_document(_rendered(mended(body)))
    return Parsed(parsed.elements, parsed.title, front_matter, warnings)


def markdown_elements(text: str) -> tuple[Element, ...]:
    """The elements of Markdown that has no front matter: a text that came inside something else."""
    return html_document(_rendered(mended(clean(text)))).elements


def _rendered(text: str) -> str:
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("fence", "code_block"):
            token.content = unescaped(token.content)
        for child in token.children or ():
            if child.type == "code_inline":
                child.content = unescaped(child.content)
    html: str = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return html


def split_front_matter(text: str) -> tuple[dict[str, object], str, tuple[str, ...]]:
    """The keys of a leading ``---`` block as plain strings and lists, the text after it, and warnings.

    Every scalar stays a string: YAML would read version 8.10 as the number 8.1, and country NO as false.
    """
    match = _FRONT_MATTER.match(text)
    if not match:
        return {}, text, ()
    body = text[match.end() :]
    block = match["yaml"]
    try:
        if len(block) > _LONGEST_FRONT_MATTER:
            raise ValueError("too long")
        loaded = yaml.load(block, Loader=yaml.BaseLoader)  # noqa: S506 - builds nothing but strings, lists and maps
    except (yaml.YAMLError, ValueError, RecursionError):
        # A single unquoted colon breaks YAML. An `audience: agent` two lines above must not be lost with it.
        keys: dict[str, object] = {
            m["key"]: m["value"].strip().strip("'\"") for m in _LINE.finditer(block[:_LONGEST_FRONT_MATTER])
        }
        return keys, body, ("the front matter is no valid YAML; its plain 'key: value' lines are used",)
    if isinstance(loaded, dict):
        return {str(key): value for key, value in loaded.items()}, body, ()
    if not loaded:
        return {}, body, ()
    return {}, text, ()  # two rules around prose, not front matter
