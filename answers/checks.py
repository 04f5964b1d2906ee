"""What a unit must pass before it is sent: support, personal data, the egress gate."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from answers.citations import Citations, cited_passages
from answers.types import Citation, UnitVerdict
from answers.units import MARKER, Unit, UnitKind
from core.domain import Passage, RedactionProfile
from guardrails import grounding
from guardrails.guards import Guards
from guardrails.promises import Promises, quoted

Say = Callable[[Sequence[int]], str]


@dataclass(frozen=True, slots=True)
class CheckedUnit:
    """Text that may leave, with markers; `citations` are those that it uses first."""

    text: str
    kind: UnitKind
    citations: tuple[Citation, ...]


class UnitChecker:
    """Checks the units of one answer, or of one of its parts. Every verdict is kept, of sent and of dropped units alike."""

    def __init__(
        self,
        *,
        passages: Sequence[Passage],
        guards: Guards,
        profile: RedactionProfile,
        earlier: Citations | None = None,
        promises: Promises | None = None,
    ) -> None:
        self._passages = passages
        self._promises = promises or Promises()
        self._authoritative = [passage.text for passage in passages if passage.authoritative]
        self._texts = [passage.text for passage in passages]
        self._about = [" ".join((passage.title, *passage.heading_path)) for passage in passages]
        self._guards = guards
        self._profile = profile
        self.citations = Citations(passages, earlier)
        self.verdicts: list[UnitVerdict] = []

    async def check(self, unit: Unit) -> CheckedUnit | None:
        """None where the unit must not be sent."""
        supported = self._quoted(unit) if unit.quote else await self._generated(unit)
        if supported is None:
            return None
        unit, quotes = supported
        marked, new = self.citations.cite(unit, quotes)
        cited = [self._passages[index] for index in unit.passages]
        urls = frozenset(passage.url for passage in cited if passage.url)
        screened = self._guards.screen_output(marked, urls, [passage.text for passage in cited])
        self._record(unit, sent=True, reason="; ".join(("supported", *screened.violations)), score=1.0)
        return CheckedUnit(screened.text.strip(), unit.kind, tuple(new))

    def note(self, say: Say, passages: Sequence[int] = (), quotes: Sequence[str] = ()) -> CheckedUnit:
        """A remark of ours; `say` is given the numbers of the passages that it quotes. Titles and quotes in it are a document's
        words, so the egress gate reads it like any other unit."""
        numbers, new = self.citations.number(passages, quotes)
        urls = frozenset(self._passages[index].url or "" for index in passages) - {""}
        screened = self._guards.screen_output(say(numbers), urls, [self._texts[index] for index in passages])
        return CheckedUnit(screened.text.strip(), UnitKind.NOTE, tuple(new))

    def _quoted(self, unit: Unit) -> tuple[Unit, list[str]] | None:
        """An extract proves itself: its quote must stand in its passage. Brackets in it are not our markers."""
        if unit.quote not in self._texts[unit.passages[0]]:
            self._record(unit, sent=False, reason="quote not in passage", score=0.0)
            return None
        return replace(unit, text=_as_markdown(unit)), [unit.quote]

    async def _generated(self, unit: Unit) -> tuple[Unit, list[str]] | None:
        """A model's unit: each claim must be supported by a passage that it cites, or, where it cites none, by any. A promise in
        the vendor's name must stand word for word in an authoritative one."""
        named = cited_passages(unit.text, len(self._texts)) or tuple(range(len(self._texts)))
        plain = MARKER.sub("", unit.text).strip()
        quotes: dict[int, tuple[int, int]] = {}
        for claim in replace(unit, text=plain).claims:
            if self._promises.in_text(claim) and not quoted(claim, self._authoritative):
                await self._drop(unit, plain, "promise", 0.0)
                return None
            verdict = grounding.check(
                claim, [self._texts[index] for index in named], about=[self._about[index] for index in named]
            )
            if not verdict.supported:
                await self._drop(unit, plain, verdict.reason, verdict.score)
                return None
            index = named[verdict.passage_index]
            start, end = quotes.get(index, (verdict.quote_start, verdict.quote_end))
            quotes[index] = (min(start, verdict.quote_start), max(end, verdict.quote_end))
        if not quotes:
            return None
        [redacted] = await self._guards.redact_many([plain], self._profile)
        spans = [self._texts[index][start:end].strip() for index, (start, end) in quotes.items()]
        return replace(unit, text=redacted.text, passages=tuple(quotes)), spans

    async def _drop(self, unit: Unit, plain: str, reason: str, score: float) -> None:
        """Redacted, since verdicts are stored."""
        [redacted] = await self._guards.redact_many([plain], self._profile)
        self._record(replace(unit, text=redacted.text), sent=False, reason=reason, score=score)

    def _record(self, unit: Unit, *, sent: bool, reason: str, score: float) -> None:
        self.verdicts.append(UnitVerdict(unit.text, sent, reason, score))


_PLACEHOLDER = re.compile(r"<(/?[A-Za-z][\w .:-]{0,40})>(?!`)")
_FENCED = re.compile(r"(^\s*(?:`{3,}|~{3,})[^\n]*\n(?:.*\n)*?\s*(?:`{3,}|~{3,})\s*$)", re.MULTILINE)
_BRACKETED = re.compile(r"\[(\d{1,2})\]")
_REDACTED = re.compile(r"[A-Z_]+_[a-z0-9]{4,8}")
_ACTIVE = frozenset(
    "script style iframe img svg object embed link meta base form input button video audio math template".split()  # noqa: SIM905
)


def _as_markdown(unit: Unit) -> str:
    """An extract is plain text: what would read as a marker of ours, or as a tag, is written so that it does not."""
    parts = _FENCED.split(unit.text)  # every second part is code, which is shown as it is
    parts[::2] = [_PLACEHOLDER.sub(_spelled, _BRACKETED.sub(r"(\1)", prose)) for prose in parts[::2]]
    return "".join(parts)


def _spelled(match: re.Match[str]) -> str:
    """`<store number>` in a command is a blank to fill in, so it is kept, as code; markup is left for the egress gate to drop."""
    name = match.group(1).lstrip("/").split(" ")[0].lower()
    return match.group(0) if name in _ACTIVE or _REDACTED.fullmatch(match.group(1)) else f"`{match.group(0)}`"


def joined(units: Sequence[CheckedUnit]) -> str:
    """The whole text: sentences of a paragraph side by side, items of a list below each other, blocks apart."""
    text = ""
    previous: UnitKind | None = None
    for unit in units:
        text += separator(previous, unit.kind) + unit.text
        previous = unit.kind
    return text


def separator(previous: UnitKind | None, kind: UnitKind) -> str:
    """What stands between a unit and the one before it."""
    return _SEPARATORS.get((previous, kind), "\n\n") if previous else ""


_SEPARATORS = {
    (UnitKind.SENTENCE, UnitKind.SENTENCE): " ",
    (UnitKind.ITEM, UnitKind.ITEM): "\n",
    (UnitKind.PROCEDURE, UnitKind.PROCEDURE): "\n",
}
