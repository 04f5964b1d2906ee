"""Promises in the vendor's name: sentences that would bind somebody, which only an authoritative document may make."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORDS = re.compile(r"[^\W_]+")
_COMMITTED = (
    r"(?:refund|reimburse|compensate|credit|pay|waive|grant|guarantee|discount|reduce|lower|replace|repair|fix|patch|deliver|ship|"
    r"send|provide|give|offer|extend|honou?r|cover|accept|cancel|release|resolve|restore|match|make\s+sure|ensure|take\s+care)"
)
_WILL = r"(?:\s*['’]ll|\s+(?:will|shall|would|can|are\s+going\s+to|is\s+going\s+to|am\s+going\s+to|promise\s+to|agree\s+to))"
_VOWS = r"(?:guarantee|promise|commit|pledge|undertake|warrant|assure)(?:s|es|d|ed)?"
_GOODS = (
    r"(?:refund|reimbursement|compensation|credit|discount|rebate|replacement|money|extension|waiver|exception|free\s+\w+|"
    r"better\s+price|special\s+price|lower\s+price)"
)
_YOURS = re.compile(
    rf"\byou(?:\s*['’]ll|\s+(?:will|shall|are\s+going\s+to))\s+(?:\w+\s+){{0,3}}?(?:get|receive|have|be\s+(?:given|paid|granted|sent|"
    rf"offered))\b[^.!?;]{{0,60}}\b{_GOODS}\b"
    r"|\byou(?:\s*['’]ll|\s+(?:will|shall|are\s+going\s+to))\s+(?:\w+\s+){0,2}?be\s+(?:refunded|reimbursed|compensated|credited)\b"
    r"|\byou(?:\s*['’]re|\s+are|\s+will\s+be)\s+(?:\w+\s+){0,2}?(?:entitled|guaranteed)\b"
    rf"|\byour\s+(?:\w+\s+){{0,2}}?{_GOODS}\s+(?:is|are|has\s+been|have\s+been|will\s+be)\s+(?:\w+\s+)?"
    r"(?:approved|granted|guaranteed|paid|issued|confirmed|accepted)\b",
    re.IGNORECASE,
)
_SELVES = ("we", "i", "our team", "our support", "the vendor", "the support team")


class Promises:
    """Finds them. `names` are those for whom nobody but their own documents may speak: the tenant, and whose documents it reads."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        spoken = "|".join(re.escape(name) for name in (*_SELVES, *filter(None, names)))
        self._ours = re.compile(
            rf"\b(?:{spoken})(?:{_WILL}\s+(?:\w+\s+){{0,2}}?{_COMMITTED}\b|\s+(?:\w+\s+)?{_VOWS}\b)", re.IGNORECASE
        )

    def in_text(self, text: str) -> bool:
        return bool(self._ours.search(text) or _YOURS.search(text))


def quoted(text: str, passages: Iterable[str]) -> bool:
    """Whether the words stand so, one after the other, in one of the passages."""
    wanted = _plain(text)
    return bool(wanted.strip()) and any(wanted in _plain(passage) for passage in passages)


def _plain(text: str) -> str:
    return f" {' '.join(_WORDS.findall(text.casefold()))} "
