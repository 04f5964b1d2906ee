"""A parsed Markdown tree written back as plain, safe CommonMark (with tables): only what this module writes can come out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from guardrails import links

_KEPT_ANGLE = re.compile(r"<(?=[A-Z]+(?:_[A-Z]+)*_[0-9a-v]{6}>)")
_SPECIAL = re.compile(
    r"\\(?=[!-/:-@\[-`{-~]|$)"  # a backslash that would escape what follows
    r"|[`|]"
    r"|(?<!\s)\*|\*(?!\s)|~(?=~)|(?<=~)~"
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|<(?=[A-Za-z/!?])"
    r"|&(?=#?\w+;)"
    r"|\[(?!\d{1,3}\](?!\())"  # a citation marker stays; no definition is ever written that it could refer to
    r"|(?<!\d)\]|\](?=\()"
)
_LINE_START = re.compile(
    r"^(?:\[(?=\d{1,3}\]:)|#{1,6}(?=\s|$)|[>]|[+*-](?=\s|$)|[-=]+\s*$|(?=[-:| \\]+$)[:|]|(?:[-_*][ \t]*){3,}$)"
)
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")


class Writer:
    """Writes one tree. `violations` collects what was left out: `image`, `html`, `link`, `bare_url`, `email`."""

    def __init__(self, *, allowed_urls: dict[str, str], known: frozenset[str], emphasis: bool) -> None:
        """`allowed_urls` maps an href as the parser writes it to the URL that was allowed."""
        self._allowed = allowed_urls
        self._known = known
        self._emphasis = emphasis
        self.violations: list[str] = []

    def document(self, root: SyntaxTreeNode) -> str:
        return self._blocks(root.children)

    def _blocks(self, nodes: Sequence[SyntaxTreeNode], *, tight: bool = False) -> str:
        written = [(node, text) for node in nodes if (text := self._block(node))]
        parts = [written[0][1]] if written else []
        for (before, _), (node, text) in pairwise(written):
            glued = tight and {before.type, node.type} <= {"paragraph", "bullet_list", "ordered_list"}
            glued = glued and not (before.type == "paragraph" and node.type == "paragraph")
            parts += ["\n" if glued else "\n\n", text]
        return "".join(parts)

    def _block(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "paragraph":
                return self._lines(node)
            case "heading":
                text = re.sub(r"\s*\n\s*", " ", self._inline(node.children)).strip()
                return f"{'#' * int(node.tag[1])} {re.sub(r'(#+)$', _escape_first, text)}".rstrip()
            case "blockquote":
                return "\n".join(f"> {line}".rstrip() for line in self._blocks(node.children).split("\n"))
            case "bullet_list" | "ordered_list":
                return self._list(node)
            case "fence" | "code_block":
                return _fenced(node)
            case "hr":
                return "---"
            case "table":
                return self._table(node)
            case _:
                self.violations.append("html")
                return ""

    def _lines(self, node: SyntaxTreeNode) -> str:
        lines = self._inline(node.children).split("\n")
        return "\n".join(_escape_line_start(line.strip(" \t")) for line in lines if line.strip())

    def _list(self, node: SyntaxTreeNode) -> str:
        tight = all(child.hidden for item in node.children for child in item.children if child.type == "paragraph")
        number = int(node.attrs.get("start", 1))
        items = []
        for place, item in enumerate(node.children):
            marker = f"{number + place}{node.markup}" if node.type == "ordered_list" else node.markup
            body = self._blocks(item.children, tight=tight)
            indent = " " * (len(marker) + 1)
            items.append(f"{marker} {body}".rstrip().replace("\n", "\n" + indent))
        return re.sub(r"\n +(?=\n)", "\n", ("\n" if tight else "\n\n").join(items))

    def _table(self, node: SyntaxTreeNode) -> str:
        rows = [
            [re.sub(r"\s*\\?\n\s*", " ", self._inline(cell.children)).strip() for cell in row.children]
            for section in node.children
            for row in section.children
        ]
        header = node.children[0].children[0].children
        rule = [_ALIGNMENT.get(str(cell.attrs.get("style", "")), "---") for cell in header]
        return "\n".join(f"| {' | '.join(row)} |" for row in [rows[0], rule, *rows[1:]])

    def _inline(self, nodes: Sequence[SyntaxTreeNode]) -> str:
        return "".join(self._span(node) for node in nodes)

    def _span(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "inline":
                return self._inline(node.children)
            case "text":
                return self._text(node.content)
            case "softbreak" | "hardbreak":
                return "\n" if node.type == "softbreak" else "\\\n"
            case "code_inline":
                return _code_span(node.content)
            case "em" | "strong":
                return self._marked("*" if node.type == "em" else "**", self._inline(node.children))
            case "link":
                return self._link(node)
            case "image":
                self.violations.append("image")
                return self._text(_plain(node))
            case _:
                self.violations.append("html")
                return ""

    def _marked(self, mark: str, text: str) -> str:
        """Emphasis around nothing, or around blanks at an end, would come out as asterisks."""
        if not self._emphasis or not text.strip() or text != text.strip():
            return text
        return f"{mark}{text}{mark}"

    def _link(self, node: SyntaxTreeNode) -> str:
        text = self._inline(node.children)
        href = str(node.attrs.get("href", ""))
        if node.markup != "autolink" and (url := self._allowed.get(href)) is not None and text.strip():
            return f"[{text.strip()}]({_destination(url)})"
        if node.markup != "autolink" or href not in self._known:
            self.violations.append("link")
        return text

    def _text(self, text: str) -> str:
        text, violations = links.without_unknown(text, self._known)
        self.violations += violations
        return _escape(text)


_ALIGNMENT = {"text-align:left": ":---", "text-align:right": "---:", "text-align:center": ":---:"}


def parser() -> MarkdownIt:
    """CommonMark and tables. Every destination parses as a link, so that `javascript:` is seen and dropped, not passed as text."""
    markdown = MarkdownIt("commonmark").enable("table")
    markdown.validateLink = _accept  # type: ignore[method-assign]
    return markdown


def _accept(url: str) -> bool:
    return True


def _escape(text: str) -> str:
    kept = {match.start() for match in _KEPT_ANGLE.finditer(text)}
    return _SPECIAL.sub(lambda match: match[0] if match.start() in kept else _escape_first(match), text)


def _escape_first(match: re.Match[str]) -> str:
    return "\\" + match[0]


def _escape_line_start(line: str) -> str:
    """What would begin a heading, list, quote, rule, table or code block there is text: it came from a text node."""
    return _NUMBERED.sub(r"\1\\\2", _LINE_START.sub(_escape_first, line))


def _plain(node: SyntaxTreeNode) -> str:
    return "".join(_plain(child) for child in node.children) if node.children else node.content


def _run(text: str) -> int:
    return max((len(match[0]) for match in re.finditer(r"`+", text)), default=0)


def _code_span(content: str) -> str:
    ticks = "`" * (_run(content) + 1)
    pad = (
        " "
        if content.startswith("`") or content.endswith("`") or (content[0] == content[-1] == " " and content.strip())
        else ""
    )
    return f"{ticks}{pad}{content}{pad}{ticks}"


def _fenced(node: SyntaxTreeNode) -> str:
    content = node.content.removesuffix("\n")
    ticks = "`" * max(3, _run(content) + 1)
    language = _LANGUAGE.match(node.info) if node.type == "fence" else None
    return f"{ticks}{language[0] if language else ''}\n{content}\n{ticks}" if content else f"{ticks}\n{ticks}"


def _destination(url: str) -> str:
    return f"<{url}>" if re.search(r"[()\s]", url) else url
