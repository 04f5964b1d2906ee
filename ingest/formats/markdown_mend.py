"""Markdown as people write it, made into what CommonMark reads the same way: fences, command lines, admonitions."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

_FENCE = re.compile(r"(?P<indent> *)(?P<mark>`{3,}|~{3,})(?P<rest>.*)")
_ITEM = re.compile(r" *(?:[-*+]|\d{1,9}[.)]) ")
_PROMPT = re.compile(r"(?: {4,}|\t+ *)[#$] \S")
_TABLESPACE = 4
_COMMAND_FENCE = "    ~~~~~~"
_ADMONITION = re.compile(
    r"(?P<indent> *)(?:!!!|\?\?\?\+?|:::+) *\{?\.?(?P<kind>[a-zA-Z]+)\}?(?: +\"?(?P<title>[^\"]{1,200}?)\"?)? *"
)
_CALLOUTS = {
    **dict.fromkeys(("note", "info", "abstract", "summary", "example", "question", "quote", "seealso"), "NOTE"),
    **dict.fromkeys(("tip", "hint", "success"), "TIP"),
    "important": "IMPORTANT",
    **dict.fromkeys(("warning", "attention"), "WARNING"),
    **dict.fromkeys(("caution", "danger", "error", "failure", "bug"), "CAUTION"),
}


def mended(text: str) -> str:
    """`text` with the blocks repaired that its author's own renderer would show as meant:

    - a fence in a list keeps lines that are indented less than itself (else a `# comment` in it becomes a heading);
    - a command line below a list item (``# systemctl restart``, ``$ ls``, indented by four or more) is code, not a heading;
    - admonitions (``!!! note``, ``::: warning``) become callouts.
    """
    return "\n".join(_lines(text.split("\n")))


def unescaped(code: str) -> str:
    """Code without the escapes of a converter that took it for prose: ``HEALTH\\_OK``, ``\\<store id\\>``. Paths keep theirs."""
    code = re.sub(r"\S*\\_\S*", lambda found: _without_escapes(found[0]), code)
    return re.sub(r"\\<([^<>\\\n]{1,200})\\>", r"<\1>", code)


def _without_escapes(word: str) -> str:
    plain = re.sub(r"(?<=[^\W_])\\_(?=\w)", "_", word)
    return word if "\\" in plain else plain


def _lines(lines: Sequence[str]) -> Iterator[str]:
    number = 0
    in_list = False
    ends = _Ends(lines)
    while number < len(lines):
        line = lines[number]
        in_list = _in_list(line, in_list)
        fence = _FENCE.fullmatch(line)
        if fence and (end := ends.of_fence(number, fence)):
            yield from _shifted(lines[number:end], len(fence["indent"]))
        elif (found := _ADMONITION.fullmatch(line)) and (kind := _CALLOUTS.get(found["kind"].lower())):
            end, body = _body(lines, number, found, ends)
            yield from _callout(kind, found, body)
        elif in_list and _PROMPT.match(line) and (number == 0 or not lines[number - 1].strip()):
            end = _end_of_block(lines, number)
            yield from _fenced(lines[number:end])
        else:
            yield line
            end = number + 1
        number = end


def _fenced(block: Sequence[str]) -> Iterator[str]:
    """Lines of a list item as a block of code in it, without the indentation that they share."""
    yield from ("", _COMMAND_FENCE)
    for line in textwrap.dedent("\n".join(line.expandtabs(_TABLESPACE) for line in block)).split("\n"):
        yield " " * _TABLESPACE + line
    yield _COMMAND_FENCE


def _in_list(line: str, before: bool) -> bool:
    """Inside a list until something unindented that is no item of it."""
    if not line.strip():
        return before
    return bool(_ITEM.match(line)) or (before and line[0] in " \t")


class _Ends:
    """Where blocks end. Remembers what has no end below, so that a page of openings is not searched from each of them."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._unclosed: dict[str, int] = {}

    def of_fence(self, start: int, fence: re.Match[str]) -> int:
        """The line after the fence's end; 0 where it has none, or is no fence (a backtick in its info string)."""
        mark = fence["mark"]
        return 0 if mark[0] == "`" and "`" in fence["rest"] else self._after(start, mark)

    def of_colons(self, start: int) -> int:
        return self._after(start, ":::")

    def _after(self, start: int, mark: str) -> int:
        if len(mark) >= self._unclosed.get(mark[0], len(mark) + 1):
            return 0
        for number in range(start + 1, len(self._lines)):
            stripped = self._lines[number].strip()
            if not stripped.startswith(mark):
                continue
            # Another one opens: the author forgot to close the first, and each list item must be read for itself.
            return 0 if stripped.strip(mark[0]) else number + 1
        self._unclosed[mark[0]] = len(mark)
        return 0


def _shifted(block: Sequence[str], indent: int) -> Iterator[str]:
    """The fence with its content indented at least as far as itself."""
    content = [line.expandtabs(_TABLESPACE) if line[:1] == "\t" else line for line in block[1:-1]]
    least = min((len(line) - len(line.lstrip(" ")) for line in content if line.strip()), default=indent)
    padding = " " * max(0, indent - least)
    yield block[0]
    yield from (padding + line if line.strip() else line for line in content)
    yield " " * indent + block[-1].strip()


def _body(lines: Sequence[str], start: int, found: re.Match[str], ends: _Ends) -> tuple[int, list[str]]:
    """The line after an admonition, and its lines without their indentation."""
    indent = len(found["indent"])
    if ":::" in found[0]:
        end = ends.of_colons(start)
        return (end, [line[indent:] for line in lines[start + 1 : end - 1]]) if end else (start + 1, [])
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith((" " * (indent + 4), "\t"))):
        end += 1
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    return end, [line.expandtabs(_TABLESPACE)[indent + 4 :] for line in lines[start + 1 : end]]


def _callout(kind: str, found: re.Match[str], body: Sequence[str]) -> Iterator[str]:
    indent = found["indent"]
    yield ""
    yield f"{indent}> [!{kind}]"
    if found["title"]:
        yield f"{indent}> **{found['title'].strip()}**"
        yield f"{indent}>"
    for line in body:
        yield f"{indent}> {line}"
    yield ""


def _end_of_block(lines: Sequence[str], start: int) -> int:
    end = start
    while end < len(lines) and lines[end].strip() and lines[end].startswith((" " * 4, "\t")):
        end += 1
    return end
