"""What is looked for in a pasted log, a stack trace or a very long text."""

from __future__ import annotations

import time

import pytest

from answers.pasted import is_pasted, worth_searching

LOG = """Our agent died tonight. How do I get it running again?
2026-11-20 02:14:11 INFO  Starting CorvaneSync 7.4.1
2026-11-20 02:14:12 ERROR [main] c.c.sync.Agent - ERR-4021 conflict on article 4711
java.lang.IllegalStateException: queue is locked by pid 4711
    at com.corvane.sync.Queue.lock(Queue.java:88)
    at com.corvane.sync.Agent.main(Agent.java:12)
Caused by: java.io.IOException: No space left on device
    ... 3 more"""
TRACEBACK = """Traceback (most recent call last):
  File "/opt/x.py", line 3, in <module>
    main()
ConnectionRefusedError: [Errno 111] Connection refused"""
STORY = "We had a store opening on Monday and everything went fine until noon. "


def test_a_log_is_searched_by_its_question_codes_and_exceptions() -> None:
    assert is_pasted(LOG)
    found = worth_searching(LOG)
    assert found.startswith("How do I get it running again? ERR-4021")
    assert "IOException No space left on device" in found and "IllegalStateException queue is locked" in found
    assert "Queue.java" not in found and "02:14" not in found


def test_a_bare_stack_trace_is_searched_by_its_error() -> None:
    assert is_pasted(TRACEBACK)
    assert worth_searching(TRACEBACK) == "ConnectionRefusedError [Errno 111] Connection refused"


def test_a_log_without_codes_is_searched_by_its_first_failure() -> None:
    log = "10:00:01 INFO start\n10:00:02 ERROR the scale refused the label file\n10:00:03 INFO stop"
    assert worth_searching(log) == "the scale refused the label file"


def test_the_question_in_4000_words_is_found() -> None:
    text = STORY * 150 + "How do I reset the payment terminal? " + STORY * 150
    assert len(text.split()) > 3900
    assert is_pasted(text)
    assert worth_searching(text) == "How do I reset the payment terminal?"


def test_a_long_text_that_asks_nothing_holds_nothing_to_search() -> None:
    assert worth_searching("lorem ipsum dolor sit amet " * 200) == ""


@pytest.mark.parametrize(
    "text",
    [
        "The till shows ERR-4021 after the night sync. What now?",
        "java.lang.NullPointerException at startup, why?",
        "It happens at 10:15:00 every day\nand the store is closed then",
    ],
)
def test_an_ordinary_question_is_not_pasted(text: str) -> None:
    assert not is_pasted(text)


@pytest.mark.parametrize("part", ["Aa.Bb.", "AA_", "A-1", "at a.b(", "AaError: ", "12:00:00 ", "[[", "x", "ERROR "])
def test_hostile_text_is_read_in_no_time(part: str) -> None:
    text = (part * 40_000)[:40_000]
    began = time.process_time()
    is_pasted(text)
    worth_searching(text)
    assert time.process_time() - began < 0.5
