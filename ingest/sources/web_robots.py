"""robots.txt by RFC 9309: groups, the longest matching rule, `*` and `$`; and `Crawl-delay`, which many sites state.

Of our own because the standard library's `urllib.robotparser` takes the first rule that matches instead of the longest, and `*`
and `$` as they stand: it would let us read what most large sites mean to forbid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

_READ_BYTES = 512_000
"""RFC 9309, 2.5: at least 500 KiB must be read."""
_MAX_RULES = 5_000


@dataclass(slots=True)
class _Group:
    agents: list[str] = field(default_factory=list)
    rules: list[tuple[str, bool]] = field(default_factory=list)
    delay_s: float = 0.0
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Robots:
    """What a site allows one robot. `rules` are path patterns and whether they allow; `sitemaps` are URLs as stated."""

    rules: tuple[tuple[str, bool], ...] = ()
    delay_s: float = 0.0
    sitemaps: tuple[str, ...] = ()

    def allows(self, target: str) -> bool:
        """Whether `target`, a path with its query, may be read. The longest rule decides, of equal ones the allowing one."""
        target = _normal(target)
        best = max(
            ((len(pattern), allowed) for pattern, allowed in self.rules if _matches(pattern, target)), default=None
        )
        return best is None or best[1]


def read_robots(body: bytes, agent: str) -> Robots:
    """Never fails: lines that are no rules are skipped."""
    groups: list[_Group] = [_Group()]
    sitemaps: list[str] = []
    for key, value in _lines(body):
        group = groups[-1]
        if key == "sitemap":
            sitemaps.append(value)
        elif key == "user-agent":
            if group.closed:
                group = _Group()
                groups.append(group)
            group.agents.append(value.lower())
        else:
            group.closed = True
            _take(group, key, value)
    rules, delay_s = _for_agent(groups, agent)
    return Robots(tuple(rules[:_MAX_RULES]), delay_s, tuple(sitemaps))


def _take(group: _Group, key: str, value: str) -> None:
    if key in ("allow", "disallow"):
        if value:  # an empty rule matches nothing
            group.rules.append((_normal(value), key == "allow"))
    elif key == "crawl-delay" and re.fullmatch(r"\d{1,5}(\.\d{1,3})?", value):
        group.delay_s = max(group.delay_s, float(value))


def _lines(body: bytes) -> Iterator[tuple[str, str]]:
    for line in body[:_READ_BYTES].decode("utf-8-sig", errors="replace").splitlines():
        key, colon, value = line.partition("#")[0].partition(":")
        if colon:
            yield key.strip().lower(), value.strip()


def _for_agent(groups: Sequence[_Group], agent: str) -> tuple[list[tuple[str, bool]], float]:
    """All groups that name the agent taken together; where none does, those for everybody."""
    for wanted in (agent, "*"):
        chosen = [group for group in groups if any(_product(name) == wanted for name in group.agents)]
        if chosen:
            return [rule for group in chosen for rule in group.rules], max(group.delay_s for group in chosen)
    return [], 0.0


def _product(name: str) -> str:
    """``partner-copilot/1.0`` is addressed without its version."""
    return name.partition("/")[0].strip()


def _normal(target: str) -> str:
    """One spelling of escapes, so that ``/%66oo`` and ``/foo`` are the same path; an escaped slash stays escaped."""
    parts = re.split("%2f", target, flags=re.IGNORECASE)
    return "%2F".join(quote(unquote_to_bytes(part), safe="/*$?=&!'()+,;:@~[]") for part in parts)


def _matches(pattern: str, target: str) -> bool:
    """From the start of `target`; each `*` takes as little as it can, which suffices, and so needs no backtracking."""
    anchored = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not target.startswith(first):
        return False
    at = len(first)
    if anchored and not others:
        return at == len(target)
    last = others.pop() if anchored else ""
    for piece in others:
        found = target.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return not anchored or (target.endswith(last) and len(target) - len(last) >= at)
