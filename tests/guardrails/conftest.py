import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.domain import RedactionProfile
from guardrails.pii import Redactor

DATA = Path(os.environ.get("PARTNER_COPILOT_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture(scope="session")
def redactor() -> Redactor:
    return Redactor()


@pytest.fixture
def profile() -> RedactionProfile:
    return RedactionProfile(
        key=b"tenant one",
        allow=("Corvane", "Alina Commerce"),
        domains=("corvane.example",),
        hotlines=("+1 800 555 0100",),
    )


@pytest.fixture(scope="session")
def rows():
    """Reads a JSON-lines file of the measuring data, or skips."""

    def read(name: str) -> list[dict[str, Any]]:
        path = DATA / name
        if not path.exists():
            pytest.skip(f"{path} is not there; set PARTNER_COPILOT_TEST_DATA to the folder with the measuring data")
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    return read
