"""What the check found, told so that it can be given to a partner: tenants are numbers here, and no text is quoted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """`asker` and `owner` are tenants' numbers, from 1."""

    channel: str
    asker: int
    owner: int
    what: str


@dataclass(slots=True)
class Channel:
    """One way in, and how often it was tried."""

    name: str
    probes: int = 0
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """`seen` of the `planted` canaries were found by their own tenants: what shows that the probes could find one."""

    at: datetime
    version: str
    tenants: int
    storage: str
    planted: int
    seen: int
    channels: Sequence[Channel]
    notes: Sequence[str] = ()

    @property
    def probes(self) -> int:
        return sum(channel.probes for channel in self.channels)

    @property
    def findings(self) -> list[Finding]:
        return [finding for channel in self.channels for finding in channel.findings]

    @property
    def sound(self) -> bool:
        """Nothing crossed, and whatever was planted was found where it belongs."""
        return not self.findings and self.seen == self.planted

    def as_json(self) -> dict[str, object]:
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "version": self.version,
            "sound": self.sound,
            "tenants": self.tenants,
            "storage": self.storage,
            "canaries": {"planted": self.planted, "seen_by_their_own_tenant": self.seen},
            "probes": self.probes,
            "channels": [
                {"name": each.name, "probes": each.probes, "findings": len(each.findings)} for each in self.channels
            ],
            "findings": [
                {"channel": each.channel, "asker": each.asker, "owner": each.owner, "what": each.what}
                for each in self.findings
            ],
            "notes": list(self.notes),
        }

    def lines(self) -> Iterator[str]:
        yield f"Tenant isolation, checked {self.at:%Y-%m-%d %H:%M} UTC by Partner Copilot {self.version}"
        yield f"{self.tenants} tenants; {self.storage}"
        yield f"{self.planted} canaries answerable, {self.seen} of them found by their own tenant"
        yield ""
        yield f"{'channel':28}{'probes':>8}{'crossed':>9}"
        for channel in self.channels:
            yield f"{channel.name:28}{channel.probes:8}{len(channel.findings):9}"
        yield f"{'all':28}{self.probes:8}{len(self.findings):9}"
        yield ""
        for finding in self.findings:
            yield f"FOUND: tenant {finding.asker} was told of tenant {finding.owner} by {finding.channel}: {finding.what}"
        yield from (f"Note: {note}" for note in self.notes)
        yield self._verdict()

    def _verdict(self) -> str:
        if self.findings:
            return "Tenants are NOT kept apart."
        if self.seen < self.planted:
            return (
                "Not conclusive: a canary was not found where it belongs, so the probes might have missed it elsewhere."
            )
        if not self.planted:
            return (
                "No tenant was told anything of another; of answers this shows little, as no canary could be published."
            )
        return "No tenant was told anything of another."
