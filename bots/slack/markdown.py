"""An answer's Markdown as Slack's mrkdwn, inert: whatever it says, it notifies nobody and links only to cited sources.

Sections of `mrkdwn` with `verbatim` are used rather than Slack's `markdown` block, which turns every address into a link.
In mrkdwn all that acts begins with `<`, which is escaped in all text (docs.slack.dev/messaging/formatting-message-text).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

SECTION_CHARS = 2900
"""Slack refuses a section of more than 3,000 characters; the rest is for fences that a split adds."""
LABEL_CHARS = 300
URL_CHARS = 2000
_ADDRESS = re.compile(r"\bhttps?://[^\s<>`|\"')\]]+", re.IGNORECASE)
_OPEN_ENTITY = re.compile(r"&[a-z]{0,3}$")
_FENCE = "```"
_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_UNSAFE_IN_URL = {ord(char): f"%{ord(char):02X}" for char in '<>|"` \t\r\n'}


def escape(text: str) -> str:
    """The three characters that can begin something in mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def link(url: str, label: str) -> str:
    """A link, or the label alone where the address is none that a browser should be sent to."""
    shown = escape(" ".join(label.split())[:LABEL_CHARS])
    target = url.strip().translate(_UNSAFE_IN_URL)
    if not is_web(url) or len(target) > URL_CHARS:
        return shown
    return f"<{escape(target)}|{shown}>"


def is_web(url: str | None) -> bool:
    return url is not None and url.strip().lower().startswith(("http://", "https://"))


def sections(markdown: str, *, allowed: frozenset[str]) -> list[str]:
    """mrkdwn texts of at most 3,000 characters. Only the addresses in `allowed` become links."""
    renderer = _Renderer(allowed)
    packed: list[str] = []
    for block in renderer.blocks(SyntaxTreeNode(_PARSER.parse(markdown)).children):
        for piece in split(block):
            if packed and len(packed[-1]) + 2 + len(piece) <= SECTION_CHARS:
                packed[-1] += "\n\n" + piece
            else:
                packed.append(piece)
    return packed


def split(block: str, limit: int = SECTION_CHARS) -> list[str]:
    """Pieces of at most `limit` characters (and a fence's), cut at lines or words, never inside an entity or a link."""
    if len(block) <= limit:
        return [block]
    fenced = block.startswith(_FENCE)
    rest = block.removeprefix(_FENCE).removesuffix(_FENCE).strip("\n") if fenced else block
    pieces: list[str] = []
    while rest:
        cut = _cut(rest, limit - 10)
        piece, rest = rest[:cut].rstrip(), rest[cut:].lstrip("\n" if fenced else None)
        if piece:
            pieces.append(f"{_FENCE}\n{piece}\n{_FENCE}" if fenced else piece)
    return pieces


def _cut(text: str, limit: int) -> int:
    if len(text) <= limit:
        return len(text)
    cut = max(text.rfind("\n", limit // 2, limit), 0) or max(text.rfind(" ", limit // 2, limit), 0) or limit
    opened = text.rfind("<", 0, cut)
    if opened > 0 and ">" not in text[opened:cut]:
        return opened
    entity = _OPEN_ENTITY.search(text, 0, cut)
    return entity.start() if entity and entity.start() > 0 else cut


class _Renderer:
    """mrkdwn of markdown-it's syntax tree."""

    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = {_PARSER.normalizeLink(url) for url in allowed if is_web(url)}
        self._inline: dict[str, Callable[[SyntaxTreeNode], str]] = {
            "text": lambda node: self._words(node.content),
            "code_inline": lambda node: f"`{escape(node.content)}`",
            "softbreak": lambda _node: "\n",
            "hardbreak": lambda _node: "\n",
            "strong": lambda node: f"*{self.inline(node.children)}*",
            "em": lambda node: f"_{self.inline(node.children)}_",
            "s": lambda node: f"~{self.inline(node.children)}~",
            "link": self._link,
            "image": lambda node: escape(node.content or "image"),
        }
        self._block: dict[str, Callable[[SyntaxTreeNode], str]] = {
            "heading": lambda node: f"*{self.inline(node.children)}*",
            "fence": lambda node: _fenced(node.content),
            "code_block": lambda node: _fenced(node.content),
            "bullet_list": self._list,
            "ordered_list": self._list,
            "blockquote": lambda node: _prefixed("\n\n".join(self.blocks(node.children)), "&gt; ", "&gt; "),
            "table": lambda node: _fenced(_aligned([_cells(row) for part in node.children for row in part.children])),
            "hr": lambda _node: "———",
        }

    def blocks(self, nodes: Sequence[SyntaxTreeNode]) -> list[str]:
        return [text for node in nodes if (text := self._part(node)).strip()]

    def _part(self, node: SyntaxTreeNode) -> str:
        render = self._block.get(node.type)
        return render(node) if render else self.inline(node.children)

    def inline(self, nodes: Sequence[SyntaxTreeNode]) -> str:
        return "".join(self._span(node) for node in nodes)

    def _span(self, node: SyntaxTreeNode) -> str:
        if node.type == "inline":
            return self.inline(node.children)
        render = self._inline.get(node.type)
        return render(node) if render else escape(node.content)

    def _list(self, node: SyntaxTreeNode) -> str:
        first = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
        items: list[str] = []
        for number, item in enumerate(node.children):
            marker = "• " if first is None else f"{first + number}. "
            items.append(_prefixed("\n".join(self.blocks(item.children)), marker, "    "))
        return "\n".join(items)

    def _link(self, node: SyntaxTreeNode) -> str:
        url = str(node.attrs.get("href", ""))
        if url in self._allowed:
            return link(url, _plain(node))
        return self.inline(node.children)

    def _words(self, text: str) -> str:
        """Text with its addresses: those of cited sources as links, others as code, which no client makes a link of."""
        shown: list[str] = []
        end = 0
        for match in _ADDRESS.finditer(text):
            url = match[0].rstrip(".,;:!?")
            shown.append(escape(text[end : match.start()]))
            shown.append(link(url, url) if _PARSER.normalizeLink(url) in self._allowed else f"`{escape(url)}`")
            end = match.start() + len(url)
        return "".join([*shown, escape(text[end:])])


def _fenced(text: str) -> str:
    return f"{_FENCE}\n{escape(text.strip(chr(10)))}\n{_FENCE}"


def _prefixed(text: str, first: str, following: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *(following + line for line in lines[1:])])


def _plain(node: SyntaxTreeNode) -> str:
    """The words of a link or a table's cell, without what they are marked up with."""
    if node.children:
        return "".join(map(_plain, node.children))
    return " " if node.type.endswith("break") else node.content


def _cells(row: SyntaxTreeNode) -> list[str]:
    return [_plain(cell).replace("\n", " ") for cell in row.children]


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """A table in monospace: Slack's text has none."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
