"""A shop with a few documents: as files, ingested, and served."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_runs import Home, Served, serving

DOCUMENTS = {
    "runbooks/scanner.md": "---\ntitle: Dock scanner\ndoc_type: runbook\n---\n# Reset\n\n"
    "A dock scanner is reset by holding both triggers for eleven seconds.\n",
    "runbooks/labels.md": "# Label rolls\n\nLabel rolls are changed from the left side of the printer, never while it is hot.\n",
    "policies/returns.md": "---\ntitle: Returns policy\ndoc_type: policy\naudience: agent\n---\n# Limit\n\n"
    "Returns above 400 euros need the signature of the floor manager.\n",
    "notes.txt": "The night desk is staffed from 20:00 to 06:00 on every day of the year.\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Nothing yet."""
    return Home(tmp_path / "home")


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A tenant without documents, for commands that change nothing."""
    acme = Home(tmp_path_factory.mktemp("acme") / "home")
    acme.run("tenant", "create", "acme").done()
    return acme


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    for name, text in DOCUMENTS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, documents: Path) -> Home:
    """Tenant 'acme' with the documents published; no server runs."""
    shop = Home(tmp_path_factory.mktemp("shop") / "home")
    shop.run("tenant", "create", "acme", "--name", "Acme Retail").done()
    report = shop.run(
        "ingest", str(documents), "--tenant", "acme", "--corpus", "handbook", "--publish", "--json"
    ).done()
    [said] = report.json_lines()
    assert (said["counts"], said["release"]) == ({"indexed": len(DOCUMENTS)}, 1), report
    return shop


@pytest.fixture(scope="session")
def served(shop: Home, tmp_path_factory: pytest.TempPathFactory, documents: Path) -> Iterator[Served]:
    """The shop's twin, behind a server that takes folders below `documents` as sources."""
    folder = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(shop.folder, folder)
    with serving(Home(folder, {"COPILOT_INGEST__ROOTS": str(documents)})) as running:
        yield running
