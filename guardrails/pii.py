"""Personal data and secrets out of text, before it is embedded, stored, shown, sent to a model or logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from core.domain import RedactedText, Redaction, RedactionProfile
from guardrails.errors import GuardError
from guardrails.hidden import View, view
from guardrails.names import Entity
from guardrails.patterns import redact_patterns
from guardrails.placeholders import Exemptions, placeholder
from guardrails.rules import Finding, resolve

__all__ = ["Redactor", "redact_patterns"]


class Proposer(Protocol):
    """What proposes names: for each text the entities it sees, in the text's characters. Called from several threads."""

    def entities(self, texts: Sequence[str]) -> list[list[Entity]]: ...


class Redactor:
    """Finds PERSON, EMAIL, PHONE, ADDRESS, CARD, IBAN, NATIONAL_ID, IP_ADDRESS and SECRET. Blocking, safe from several threads.

    Loads its models when made (seconds); make one a process. IP addresses go only where they are public and words before them
    speak of a network: four numbers with dots are otherwise a version.
    """

    def __init__(self, ner: Proposer | None = None) -> None:
        """`ner` proposes names; spaCy's small English model where it is not given."""
        from guardrails.ner import NER
        from guardrails.recognisers import analyse, registry

        self._ner = ner or NER()
        self.recognisers = registry()
        """Presidio's registry, in order of precedence: a deployment adds its own with `add_recognizer`."""
        self._analyse = analyse

    def redact(self, text: str, profile: RedactionProfile) -> RedactedText:
        """`text` with placeholders; the entities' offsets are of the original. Raises `GuardError`: then nothing may pass."""
        return self.redact_batch([text], profile)[0]

    def redact_batch(self, texts: Sequence[str], profile: RedactionProfile) -> list[RedactedText]:
        """As `redact`, for many texts in one pass of the model, in order."""
        try:
            return self._redacted(texts, profile)
        except Exception as error:
            # A vendor's message may quote the text: only the kind of error leaves.
            raise GuardError(f"Redaction failed ({type(error).__name__}); nothing was passed on") from None

    def _redacted(self, texts: Sequence[str], profile: RedactionProfile) -> list[RedactedText]:
        """Until neither the rules nor the model find more in what is left: redacting a result must change nothing.

        Rules go first. In most texts they leave no word that could be a name, and the model, fifteen times as dear, is not asked.
        """
        exemptions = Exemptions(profile)
        drafts = [_Draft(text) for text in texts]
        pending = drafts
        while pending:
            for draft in pending:
                while self._take(draft, (), exemptions, profile.key):
                    pass
            proposed = self._ner.entities([view(draft.text()).text for draft in pending])
            pending = [
                draft
                for draft, entities in zip(pending, proposed, strict=True)
                if entities and self._take(draft, entities, exemptions, profile.key)
            ]
        return [RedactedText(draft.text(), tuple(draft.entities)) for draft in drafts]

    def _take(self, draft: _Draft, entities: Sequence[Entity], exemptions: Exemptions, key: bytes) -> bool:
        """Take what is found out of the draft; whether there was anything."""
        text = draft.text()
        seen = view(text)
        found = self._analyse(self.recognisers, seen.text, entities)
        parts = [
            part for finding in found for part in exemptions.remaining(seen.text, finding) if part.start < part.end
        ]
        kept = resolve(text, [_placed(part, seen) for part in parts])
        draft.take(kept, key)
        return bool(kept)


def _placed(finding: Finding, seen: View) -> Finding:
    start, end = seen.span(finding.start, finding.end)
    return replace(finding, start=start, end=end)


@dataclass(slots=True)
class _Draft:
    """A text on its way: the original, and what has been taken out of it so far, in order."""

    original: str
    entities: list[Redaction] = field(default_factory=list)

    def text(self) -> str:
        parts, at = [], 0
        for entity in self.entities:
            parts += [self.original[at : entity.start], entity.placeholder]
            at = entity.end
        return "".join([*parts, self.original[at:]])

    def take(self, findings: list[Finding], key: bytes) -> None:
        """`findings` are in characters of the present text and touch no placeholder."""
        added = []
        for finding in findings:
            start = self._original_place(finding.start)
            end = start + finding.end - finding.start
            value = self.original[start:end]
            added.append(Redaction(finding.type, start, end, finding.score, placeholder(key, finding.type, value)))
        self.entities = sorted(self.entities + added, key=lambda entity: entity.start)

    def _original_place(self, place: int) -> int:
        for entity in self.entities:
            grown = len(entity.placeholder) - (entity.end - entity.start)
            if place < entity.start + len(entity.placeholder):
                break
            place -= grown
        return place
