"""restore(redact(x)) == x, to the character, over texts as people write them."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.database import Database
from guardrails.guards import Guards
from guardrails.pii import Redactor
from tests.fakes import trail
from tests.guardrails.vault_world import VaultWorld, place

pytestmark = pytest.mark.slow

SPELLINGS: list[Callable[[str], str]] = [
    str,
    str.upper,
    str.lower,
    lambda text: text.replace(" ", "  "),
    lambda text: text.replace(" ", "\u00a0"),
    lambda text: text.replace("@", " [at] "),
    lambda text: text.replace("-", " "),
]


@pytest.fixture
async def world(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[VaultWorld]:
    shutil.copyfile(sqlite_template, tmp_path / "copilot.db")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'copilot.db'}", trail=trail())
    yield VaultWorld(database)
    await database.aclose()


def generated(file: Path, count: int, seed: int) -> list[str]:
    """Texts of the data set, each beside itself with every value spelled otherwise."""
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    chance = random.Random(seed)
    return [row["text"] + "\n" + _respelled(row, chance) for row in chance.sample(rows, min(count, len(rows)))]


def _respelled(row: dict[str, object], chance: random.Random) -> str:
    text = str(row["text"])
    for span in sorted(row["spans"], key=lambda one: -one["start"]):  # type: ignore[attr-defined,call-overload]
        text = text[: span["start"]] + chance.choice(SPELLINGS)(span["value"]) + text[span["end"] :]
    return text


async def round_trips(world: VaultWorld, redactor: Redactor, texts: list[str]) -> int:
    """How many values were put back."""
    tenant = await world.tenant()
    restored = 0
    for text, redacted in zip(texts, redactor.redact_batch(texts, world.profile(tenant)), strict=True):
        at = place()
        await world.keep(tenant, at, text, redacted)
        found = await world.restore(tenant, redacted.text, at=at)
        assert found.texts == (text,)
        restored += found.restored
    return restored


async def test_generated_texts_come_back_to_the_character(
    world: VaultWorld, redactor: Redactor, shared_data: Callable[[str], Path]
) -> None:
    texts = generated(shared_data("pii/generated_large.jsonl"), 120, seed=15)
    assert await round_trips(world, redactor, texts) > 120


@pytest.mark.proof
async def test_all_generated_texts_come_back_to_the_character(
    world: VaultWorld, redactor: Redactor, shared_data: Callable[[str], Path]
) -> None:
    texts = generated(shared_data("pii/generated_large.jsonl"), 2109, seed=16)
    assert await round_trips(world, redactor, texts) > 2500


PIECES = st.sampled_from(
    [
        "Anna Berg",
        "ANNA  BERG",
        "Dr. Anna Berg",
        "anna.berg@example.org",
        "anna.berg [at] example [dot] org",
        "Anna.Berg@Example.org",
        "(312) 555-0142",
        "312.555.0142",
        "GB29 NWBK 6016 1331 9268 19",
        "gb29nwbk60161331926819",
        "4111 1111 1111 1111",
        "password=hunter2secret",
        "<PERSON_aaaaaa>",
        "<EMAIL_k3f9ab>",
        "<b>",
        "\u200b",
        " and ",
        "\n",
        ", call ",
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES | st.text(max_size=8), max_size=12))
async def test_any_text_comes_back_to_the_character(world: VaultWorld, redactor: Redactor, pieces: list[str]) -> None:
    await round_trips(world, redactor, ["".join(pieces)])


async def test_a_question_comes_back_as_it_was_read(world: VaultWorld, redactor: Redactor) -> None:
    """Without hidden characters, which are no part of what somebody asks."""
    tenant, at = await world.tenant(), place("question")
    asked = "I am Anna Berg (anna.berg@example.org). Why\u200b does till 3 freeze? ANNA BERG"
    with Guards(redactor) as guards:
        screened = await guards.screen_input(asked, world.profile(tenant))
        async with world.database.write(tenant) as session:
            await world.vault.keep(session, tenant, {at: screened.withheld})
        assert (await world.restore(tenant, screened.text, at=at)).texts == (guards.plain(asked),)
