from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import (
    ConfigurationError,
    CopilotError,
    DocumentError,
    InvalidRequestError,
    LLMError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)
from core.schedule import is_passing, next_turn, pause_s

MOMENT = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fault", "passing"),
    [
        (UnavailableError("the index is away"), True),
        (RateLimitedError("slow down"), True),
        (LLMError("overloaded", transient=True), True),
        (LLMError("no such model", transient=False), False),
        (InvalidRequestError("no such folder"), False),
        (NotFoundError("no such source"), False),
        (DocumentError("not a PDF"), False),
        (ConfigurationError("no such model"), False),
        (CopilotError("a fault of our own"), False),
    ],
)
def test_faults_that_nobody_must_mend_are_told_from_those_that_somebody_must(
    fault: CopilotError, passing: bool
) -> None:
    assert is_passing(fault) is passing


@given(
    attempt=st.integers(1, 10_000),
    base=st.floats(0, 100),
    most=st.floats(0, 10_000),
    drawn=st.floats(0, 1),
)
def test_pause_lies_between_nothing_and_the_most(attempt: int, base: float, most: float, drawn: float) -> None:
    assert 0 <= pause_s(attempt, base_s=base, most_s=most, draw=lambda: drawn) <= most


def test_pauses_double_until_the_most() -> None:
    pauses = [pause_s(n, base_s=5, most_s=60, draw=lambda: 1.0) for n in range(1, 8)]
    assert pauses == [5, 10, 20, 40, 60, 60, 60]
    assert pause_s(4, base_s=5, most_s=60, draw=lambda: 0.25) == 10


@given(
    name=st.text(max_size=20),
    every=st.floats(1, 1e7),
    jitter=st.floats(0, 1),
    last=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
)
def test_turn_is_near_its_interval_and_the_same_in_every_process(
    name: str, every: float, jitter: float, last: datetime
) -> None:
    last = last.replace(tzinfo=UTC)
    turn = next_turn(name, last, every_s=every, jitter=jitter)
    assert abs((turn - last).total_seconds() - every) <= every * jitter / 2 + 1e-3
    assert turn == next_turn(name, last, every_s=every, jitter=jitter)


def test_sources_that_were_synced_together_drift_apart() -> None:
    turns = {next_turn(f"source{n}", MOMENT, every_s=3600, jitter=0.1) for n in range(100)}
    spread = max(turns) - min(turns)
    assert len(turns) == 100
    assert timedelta(minutes=4) < spread <= timedelta(minutes=6)
