"""The breaker's states under every order of calls, ends and time."""

from __future__ import annotations

import threading

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.breaker import Breaker, Circuit, Permit

FAILURES, COOLDOWN_S = 3, 10.0


class BreakerMachine(RuleBasedStateMachine):
    """Any number of calls under way, ending in any order, against a plain model of what may happen."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = Breaker(failures=FAILURES, cooldown_s=COOLDOWN_S, clock=lambda: self.now)
        self.under_way: list[tuple[Permit, bool]] = []
        self.settled: list[Permit] = []

    @rule(seconds=st.sampled_from([0.5, COOLDOWN_S - 0.25, COOLDOWN_S]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def call(self) -> None:
        before = self.breaker.circuit
        permit = self.breaker.acquire()
        match before:
            case Circuit.CLOSED:
                assert permit is not None
            case Circuit.OPEN:
                assert permit is None
            case Circuit.HALF_OPEN:
                assert (permit is not None) == (self.probes() == 0)
        if permit is not None:
            self.under_way.append((permit, before is Circuit.HALF_OPEN))

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), how=st.sampled_from(["succeeded", "failed", "abandoned"]))
    def end(self, data: st.DataObject, how: str) -> None:
        permit, probe = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        before = self.breaker.circuit
        getattr(permit, how)()
        self.settled.append(permit)
        after = self.breaker.circuit
        if probe:
            expected = {"succeeded": Circuit.CLOSED, "failed": Circuit.OPEN, "abandoned": Circuit.HALF_OPEN}
            assert after is expected[how]
        elif before is not Circuit.CLOSED:
            assert after is before, "a call from before the circuit opened decides nothing"
        elif how != "failed":
            assert after is Circuit.CLOSED

    @precondition(lambda self: self.settled)
    @rule(data=st.data())
    def end_again(self, data: st.DataObject) -> None:
        before = self.breaker.circuit
        permit = data.draw(st.sampled_from(self.settled))
        permit.failed()
        permit.succeeded()
        assert self.breaker.circuit is before

    @invariant()
    def at_most_one_probe(self) -> None:
        assert self.probes() <= 1

    def probes(self) -> int:
        return sum(probe for _, probe in self.under_way)


BreakerMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestBreaker = BreakerMachine.TestCase


def test_faults_in_a_row_open_it_and_a_success_between_starts_the_count_anew() -> None:
    breaker = Breaker(failures=3, clock=lambda: 0.0)
    for outcome in ("failed", "failed", "succeeded", "failed", "failed"):
        permit = breaker.acquire()
        assert permit is not None
        getattr(permit, outcome)()
    assert breaker.circuit is Circuit.CLOSED
    permit = breaker.acquire()
    assert permit is not None
    permit.failed()
    assert breaker.circuit is Circuit.OPEN


def test_of_fifty_threads_one_may_probe() -> None:
    now = [0.0]
    breaker = Breaker(failures=1, cooldown_s=1, clock=lambda: now[0])
    first = breaker.acquire()
    assert first is not None
    first.failed()
    now[0] = 1.0
    start = threading.Barrier(50)
    permits: list[Permit] = []

    def call() -> None:
        start.wait()
        if (permit := breaker.acquire()) is not None:
            permits.append(permit)

    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(permits) == 1
