"""Whom and when an answer must hold for, and what to say where a passage holds for others, or for another time.

The request's filters win over what the question says, and that wins over the tenant's profile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from answers.stated import Stated
from core.domain import Filters, Passage
from core.errors import InvalidRequestError
from core.profiles import Profile
from core.versions import OPEN_END, range_text, version_range, version_text
from retrieval.names import Vocabulary


@dataclass(frozen=True, slots=True)
class Asker:
    """What is known before a question is read; `today` dates its "last year", `customers`: whom it may be about."""

    today: date
    profile: Profile = field(default_factory=Profile)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    customers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the answer is measured against. `version` and `region` are the asker's, `None` where nobody says; `several`: the
    question is about more than one version, so that none of them is out of place; `as_of` only where another day is asked for."""

    version: str | None = None
    region: str | None = None
    several: bool = False
    as_of: date | None = None
    today: date | None = None


def asked_for(filters: Filters, stated: Stated, asker: Asker) -> tuple[Asked, Filters]:
    """What the answer must hold for, and the filters to search with.

    A question about a version is searched in that version, whatever its asker runs; one about several, or about a way from one
    to another, is searched in all.
    """
    profile = _profile(filters, stated, asker.profile)
    region = filters.region or stated.region or profile.region
    searched = replace(
        filters,
        version=_searched_version(filters, stated, profile),
        product=filters.product or stated.product or profile.product,
        module=filters.module or stated.module or profile.module,
        region=region,
        as_of=filters.as_of or stated.as_of,
    )
    several = not filters.version and (stated.moving or len(stated.runs) + len(stated.topics) > 1)
    asked = Asked(
        version=filters.version or _own_version(stated, profile),
        region=region,
        several=several and not (stated.runs and stated.topics and not stated.moving),
        as_of=searched.as_of if searched.as_of != asker.today else None,
        today=asker.today,
    )
    return asked, searched


def _profile(filters: Filters, stated: Stated, profile: Profile) -> Profile:
    """Without the version and module of another product than the one in question."""
    product = filters.product or stated.product
    if product and profile.product and product.casefold() != profile.product.casefold():
        return Profile(product=product, region=profile.region)
    return profile


def _searched_version(filters: Filters, stated: Stated, profile: Profile) -> str | None:
    if filters.version:
        return filters.version
    if not stated.names_versions:
        return profile.version
    named = (*stated.runs, *stated.topics)
    return _exact(named[0], profile) if len(named) == 1 and not stated.moving else None


def _own_version(stated: Stated, profile: Profile) -> str | None:
    if stated.runs:
        return (_exact(stated.runs[0], profile) or stated.runs[0]) if len(stated.runs) == 1 else None
    return profile.version


def _exact(version: str, profile: Profile) -> str | None:
    """A version that can be searched for: "7" may be any 7.x, so it is none, unless the profile says which."""
    if "." in version:
        return version
    own = profile.version or ""
    return own if own.removeprefix("v").split(".")[0] == version else None


def applicability_note(asked: Asked, cited: Sequence[Passage], elsewhere: Sequence[Passage]) -> str | None:
    """What must be said beside the answer, before it; `None` where the cited passages hold for the asker as they are.

    `elsewhere` are passages that match but for version or region; where nothing is cited, the note says whom the best of
    them would answer.
    """
    notes = [_version_note(asked, cited, elsewhere), _region_note(asked, cited, elsewhere), _time_note(asked, cited)]
    return " ".join(note for note in notes if note) or None


def _version_note(asked: Asked, cited: Sequence[Passage], elsewhere: Sequence[Passage]) -> str | None:
    own = _range(asked.version)
    if own is None or asked.several:
        return None
    others = [span for passage in cited if (span := _range(passage.version)) and not _overlap(span, own)]
    if others:
        applies = "Part of this applies" if len(others) < len(cited) else "This applies"
        ranges = " and to ".join(dict.fromkeys(range_text(*span) for span in others))
        return f"{applies} to {ranges}; you run {asked.version}."
    if not cited:
        return _elsewhere_note(asked, own, elsewhere)
    changed = [span[0] for passage in elsewhere if (span := _range(passage.version)) and _follows(span, own, cited)]
    return f"This changed with {version_text(min(changed))}." if changed else None


def _elsewhere_note(asked: Asked, own: tuple[int, int], elsewhere: Sequence[Passage]) -> str | None:
    for passage in elsewhere:
        span = _range(passage.version)
        if span and not _overlap(span, own):
            return f"“{passage.title}” applies to {range_text(*span)}; you run {asked.version}."
    return None


def _follows(later: tuple[int, int], own: tuple[int, int], cited: Sequence[Passage]) -> bool:
    """Whether a text takes over where a cited one, which holds for the asker, ends."""
    ends = {span[1] for passage in cited if (span := _range(passage.version))}
    return later[0] >= own[1] and later[0] in ends


def _region_note(asked: Asked, cited: Sequence[Passage], elsewhere: Sequence[Passage]) -> str | None:
    if asked.region is None:
        return None
    others = [p for p in (cited or elsewhere[:1]) if p.region and p.region.casefold() != asked.region.casefold()]
    if not others:
        return None
    regions = ", ".join(dict.fromkeys(str(passage.region) for passage in others))
    what = "This" if cited else f"“{others[0].title}”"
    return f"{what} is written for {regions}; you asked for {asked.region}."


def _time_note(asked: Asked, cited: Sequence[Passage]) -> str | None:
    """Only where another day than today is asked for: a text that is in force needs no remark."""
    if asked.as_of is None or asked.today is None:
        return None
    ended = [p.effective_to for p in cited if p.effective_to and p.effective_to < asked.today]
    begins = [p.effective_from for p in cited if p.effective_from and p.effective_from > asked.today]
    if ended:
        return f"In force until {min(ended).isoformat()}."
    return f"In force from {max(begins).isoformat()}." if begins else None


def _range(text: str | None) -> tuple[int, int] | None:
    """`None` where nothing is stated: it holds for every version. What was stored was checked; a filter may be anything."""
    try:
        span = version_range(text)
    except InvalidRequestError:
        return None
    return None if span == (0, OPEN_END) else span


def _overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] < b[1] and b[0] < a[1]
