from __future__ import annotations

import pytest
from releases_world import asked, seen

from core.domain import Audience
from core.models import Json
from ingest.gate import Change, GateFailedError, GateLimits, GateReport, GateVerdict, gate_for


def test_reader_is_shown_no_text_above_their_audience() -> None:
    internal = asked("q1", seen(True, "secret", "s.md"), seen(False), Audience.AGENT)
    shared = asked("q2", seen(True, "told", "a.md"), seen(False), Audience.PARTNER)
    gate = verdict_json(GateReport((internal, shared)))
    told = gate_for(gate, Audience.PARTNER)
    assert "secret" not in str(told)
    assert "Question q1" not in str(told)
    assert "s.md" not in str(told)
    assert [change["key"] for change in told["changes"]] == ["q1", "q2"]
    assert told["changes"][1]["before"]["text"] == "told"
    assert gate_for(gate, Audience.AGENT) == gate
    error = GateFailedError("no", gate=gate).seen_by(Audience.PARTNER)
    assert "secret" not in str(error.members)


def verdict_json(report: GateReport) -> Json:
    limits = GateLimits()
    return GateVerdict(report, limits, tuple(limits.missed(report))).as_json(overridden=False)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ("", "", Change.SAME),
        ("a", "a", Change.SAME),
        ("a", "b", Change.CHANGED),
        ("", "b", Change.APPEARED),
        ("a", "", Change.VANISHED),
    ],
)
def test_change_of_an_answer_is_told_by_kind(before: str, after: str, change: Change) -> None:
    assert asked("q", seen(True, before), seen(True, after)).change is change


def test_changed_answers_that_still_pass_are_shown_and_do_not_block() -> None:
    gate = verdict_json(GateReport((asked("q1", seen(True, "a"), seen(True, "b")),)))
    assert (gate["state"], gate["broken"], [c["change"] for c in gate["changes"]]) == ("passed", [], ["changed"])
