"""Addresses in plain text that a chat client would turn into links by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TOP = (
    r"(?:com|net|org|io|co|dev|app|ai|info|biz|xyz|site|online|top|click|link|club|shop|live|cloud|tech|store|me|tv|cc|ly|gg|to"
    r"|eu|uk|de|fr|es|it|nl|be|ch|at|se|no|dk|fi|pl|cz|pt|ie|us|ca|au|nz|in|cn|jp|kr|br|mx|ru|su|ua|za|zip|mov)"
)
_HOST = r"(?:[^\W_](?:[\w-]{0,62}[^\W_])?\.){1,8}"
BARE = re.compile(
    rf"""(?:
      (?P<email>(?:mailto:)?[\w.!#$%&'*+/=?^`{{|}}~-]{{1,64}}@{_HOST}[^\W\d_]{{2,}})
    | (?:(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{{0,30}}:\\?/
       |\b(?:javascript|data|vbscript|file|mailto|tel|sms|blob|about):(?=\S))[^\s<>()\[\]"'`|]*
    | (?:^|(?<=[\s(\[<"'*_~|])) // {_HOST}[^\W\d_]{{2,}}[^\s<>()\[\]"'`|]*
    | \bwww\.[^\s<>()\[\]"'`|]+
    | (?<![\w@.-]){_HOST}(?:[^\W\d_]{{2,}}(?::\d+)?[/?\#]|{_TOP}\b(?![\w-]|\.\w))[^\s<>()\[\]"'`|]*
    | (?<![\w.])(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?::\d+)?/[^\s<>()\[\]"'`|]*
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_TRAILING = ".,;:!?*_~'\"\\"


def found(match: re.Match[str]) -> str:
    """The address without the sentence's punctuation after it."""
    return match[0].rstrip(_TRAILING)


def known_addresses(source_texts: Sequence[str]) -> frozenset[str]:
    """Every address that the sources themselves show."""
    return frozenset(found(match) for text in source_texts for match in BARE.finditer(text))


def without_unknown(text: str, known: frozenset[str]) -> tuple[str, list[str]]:
    """`text` with unknown addresses replaced by words, and a violation (`bare_url`, `email`) for each."""
    violations: list[str] = []

    def replace(match: re.Match[str]) -> str:
        address = found(match)
        if not address or address in known:
            return match[0]
        violations.append("email" if match["email"] else "bare_url")
        return ("(address removed)" if match["email"] else "(link removed)") + match[0][len(address) :]

    return BARE.sub(replace, text), violations
