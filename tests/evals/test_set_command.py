"""`partner-copilot eval run` and `eval all` as a user types them, on a tiny data folder."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from set_data import write_data

from api.measure_sets import tenant_for
from api.store import open_store
from core.crossings import Crossing
from core.errors import ConflictError
from core.settings import Settings
from evals.sets.page import BEGIN, END
from ingest.repository import corpus
from tests.cli.cli_runs import Home

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("sets") / "data")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("sets") / "home")


@pytest.mark.proof
def test_a_set_is_taken_in_asked_and_compared(home: Home, data: Path, tmp_path: Path) -> None:
    first = home.run("eval", "run", "ax-withheld", "--data", str(data), "--answers", "--out", str(tmp_path)).done()
    assert "3 questions, 2 of them answerable, in 3 groups; 3 documents" in first.out
    assert "| **ours** | **1.000** (1.00–1.00) | **1.000** (1.00–1.00) | **1.000** (1.00–1.00) |" in first.out
    assert "    partner-copilot eval run ax-withheld --data DIR --answers\n" in first.out
    run = json.loads((tmp_path / "run.json").read_text("utf-8"))
    cited = {row["id"]: row["spoken"]["cited"] for row in run["rows"]}
    assert cited["ax-1"] == ["tills.md"]
    assert cited["ax-2"] == ["scales.md"]
    assert "warranty.md" not in cited["ax-3"]
    for name in ("ax-withheld-dev-risk-coverage.svg", "ax-withheld-dev-reliability.svg"):
        ElementTree.parse(tmp_path / name)
    assert (tmp_path / "report.md").read_text("utf-8") == first.out

    second = home.run(
        "eval", "run", "ax", "--data", str(data), "--answers", "--compare", run["id"], "--set", "answers.passages=3"
    ).done()
    assert f"Compared with run `{run['id'][:8]}` (`ax-withheld@dev`) over 3 questions; changed:" in second.out
    changed = second.out.partition("changed: ")[2].partition(". Intervals")[0].split(", ")
    assert {"questions", "settings"} <= set(changed)
    assert not {"corpus", "revision"} & set(changed)


@pytest.mark.proof
def test_several_sets_are_written_into_the_page(home: Home, data: Path, tmp_path: Path) -> None:
    page = tmp_path / "quality.md"
    page.write_text(f"# Figures\n\n{BEGIN}\n{END}\n", "utf-8")
    sets = ("mtrag-rewrite", "mtrag-history")
    printed = home.run("eval", "all", *sets, "--data", str(data), "--page", str(page)).done().out
    text = page.read_text("utf-8")
    for name in sets:
        assert f"(`{name}@dev`)\n\n    partner-copilot eval run {name} --data DIR --answers\n" in text
    assert "3 questions, 2 of them answerable, in 1 groups; 2 documents" in text
    assert "### All sets together" in text
    assert printed in text
    pictures = {line.partition("](")[2].rstrip(")") for line in text.splitlines() if line.startswith("![")}
    assert len(pictures) == 5
    for picture in pictures:
        ElementTree.parse(tmp_path / picture)


async def test_a_tenant_with_other_corpora_is_not_measured_on(tmp_path: Path) -> None:
    async with open_store(Settings(home=tmp_path)) as store:
        tenant = await tenant_for(store, "ax", {"kept"})
        for name in ("kept", "handbook"):
            async with store.database.write(Crossing.UPKEEP) as session:
                await corpus(session, tenant.id, name)
        assert await tenant_for(store, "ax", {"kept", "handbook"}) == tenant
        with pytest.raises(ConflictError, match="handbook") as raised:
            await tenant_for(store, "ax", {"kept"})
    assert raised.value.code == "tenant_in_use"


def test_a_setting_that_is_none_is_refused_before_anything_is_loaded(home: Home) -> None:
    assert "answers.passages=8" in home.run("eval", "run", "golden", "--set", "answers.passages").failed(
        "invalid_setting"
    )
