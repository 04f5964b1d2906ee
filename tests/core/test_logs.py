"""Nothing personal leaves through a log line, whichever logger wrote it."""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Callable, Iterator

import pytest
import structlog

from core.logs import configure_logging

EMAIL = "jana.novak@filiale.example"
Lines = Callable[[], list[dict[str, object]]]


def scrub(text: str) -> str:
    return re.sub(r"[\w.]+@[\w.]+", "<EMAIL>", text)


@pytest.fixture(autouse=True)
def _logging_restored() -> Iterator[None]:
    names = ("", "uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "httpcore", "openai", "langfuse", "sqlalchemy")
    kept = {name: (logging.getLogger(name).handlers[:], logging.getLogger(name).level) for name in names}
    yield
    structlog.reset_defaults()
    logging.captureWarnings(False)
    for name, (handlers, level) in kept.items():
        logging.getLogger(name).handlers[:] = handlers
        logging.getLogger(name).setLevel(level)


def logged(capsys: pytest.CaptureFixture[str]) -> Lines:
    configure_logging(level="INFO", json=True, scrub=scrub)
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_event_is_one_json_line_with_level_logger_and_request_id(capsys: pytest.CaptureFixture[str]) -> None:
    lines = logged(capsys)
    with structlog.contextvars.bound_contextvars(request_id="4500017834ab"):
        structlog.get_logger("api").info("answered", outcome="abstained", ms=12.5)
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"], line["request_id"]) == (
        "answered",
        "info",
        "api",
        "4500017834ab",
    )
    assert (line["outcome"], line["ms"]) == ("abstained", 12.5)
    assert str(line["timestamp"]).endswith("Z")


def test_personal_data_is_scrubbed_at_any_depth_and_in_the_event_itself(capsys: pytest.CaptureFixture[str]) -> None:
    lines = logged(capsys)
    structlog.get_logger().warning(f"mail to {EMAIL}", who=EMAIL, nested={EMAIL: [{"to": (EMAIL,)}]})
    (line,) = lines()
    assert EMAIL not in json.dumps(line)
    assert line["who"] == "<EMAIL>"
    assert line["nested"] == {"<EMAIL>": [{"to": ["<EMAIL>"]}]}


@pytest.mark.parametrize("key", ["question", "text", "answer", "Query", "prompt"])
def test_a_partners_words_are_left_out_whole(capsys: pytest.CaptureFixture[str], key: str) -> None:
    lines = logged(capsys)
    structlog.get_logger().info("asked", **{key: "How do I reset till four?"}, outer={key: "the same words"})
    (line,) = lines()
    assert line[key] == "[left out]"
    assert "till four" not in json.dumps(line)
    assert "same words" not in json.dumps(line)


def test_exception_shows_class_place_and_scrubbed_first_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = logged(capsys)

    def inner() -> None:
        raise ValueError(f"no account {EMAIL}\n[parameters: ('How do I reset till four?',)]")

    try:
        try:
            inner()
        except ValueError as error:
            raise RuntimeError("could not save") from error
    except RuntimeError:
        structlog.get_logger().exception("failed")
        logging.getLogger("library").exception("failed, too")
    written = lines()
    assert [line["event"] for line in written] == ["failed", "failed, too"]
    for line in written:
        assert line["error"] == ["RuntimeError: could not save", "ValueError: no account <EMAIL>"]
        assert "test_logs.py" in str(line["error_at"])
        assert EMAIL not in json.dumps(line)
        assert "till four" not in json.dumps(line)


def test_standard_library_loggers_go_through_the_scrubber(capsys: pytest.CaptureFixture[str]) -> None:
    lines = logged(capsys)
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)  # where an earlier test ran a quiet server
    logging.getLogger("uvicorn.error").addHandler(logging.StreamHandler())
    configure_logging(level="INFO", json=True, scrub=scrub)
    logging.getLogger("uvicorn.error").info("from %s in %d ms", EMAIL, 3)
    logging.getLogger("sqlalchemy.engine").warning("%(who)s", {"who": EMAIL})
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"old API used by {EMAIL}", UserWarning, stacklevel=1)
    events = [line["event"] for line in lines()]
    assert events[:2] == ["from <EMAIL> in 3 ms", "<EMAIL>"]
    assert "old API used by <EMAIL>" in str(events[2])


def test_engines_statements_stay_out_even_at_info(capsys: pytest.CaptureFixture[str]) -> None:
    lines = logged(capsys)
    logging.getLogger("sqlalchemy.engine").info("SELECT * FROM people WHERE mail = %s", EMAIL)
    assert lines() == []


def test_level_applies_to_both_ways_of_logging(capsys: pytest.CaptureFixture[str]) -> None:
    lines = logged(capsys)
    structlog.get_logger().debug("unseen")
    logging.getLogger("other").debug("unseen")
    assert lines() == []


def test_a_failing_scrubber_withholds_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_text: str) -> str:
        raise LookupError(EMAIL)

    configure_logging(level="INFO", json=True, scrub=broken)
    structlog.get_logger("api").error("lost", who=EMAIL)
    written = capsys.readouterr().err
    assert EMAIL not in written
    assert json.loads(written)["level"] == "error"
    assert "withheld" in written


def test_a_line_that_cannot_be_formatted_shows_no_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="INFO", json=True, scrub=scrub)
    logging.getLogger("broken").info("%d items", EMAIL)
    written = capsys.readouterr().err
    assert written
    assert EMAIL not in written


def test_long_values_are_cut_between_words(capsys: pytest.CaptureFixture[str]) -> None:
    lines = logged(capsys)
    structlog.get_logger().info("long", detail=("x" * 99 + " ") * 39 + "y" * 90 + f" {EMAIL}")
    (line,) = lines()
    assert len(str(line["detail"])) < 2_100
    assert "jana" not in str(line["detail"])


def test_console_form_is_scrubbed_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(level="INFO", json=False, scrub=scrub)
    structlog.get_logger().info("hello", who=EMAIL)
    written = capsys.readouterr().err
    assert "hello" in written
    assert EMAIL not in written
