"""What a run was a run of: code, settings, documents, model."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.clock import today
from core.models import Json
from core.settings import Settings
from evals.dataset import GoldenSet, fingerprint
from evals.golden import Row

_ANSWERING = {"answers", "embedding", "guards", "llm"}
"""Sections whose settings can change an answer; where data lies and who may connect cannot."""


async def run_context(settings: Settings, golden: GoldenSet, rows: Sequence[Row]) -> Json:
    """`releases` are the corpora's fingerprint: a release's number is never reused."""
    return {
        "revision": await code_revision(Path(__file__).parent),
        "settings": settings_hash(settings),
        "questions": fingerprint(golden),
        "releases": {row.tenant: row.release for row in rows},
        "model": ", ".join(sorted({row.model for row in rows})),
        "date": today().isoformat(),
    }


def settings_hash(settings: Settings) -> str:
    """Secrets do not enter it."""
    values = settings.model_dump(mode="json", include=_ANSWERING, exclude={"llm": {"api_key"}})
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


async def code_revision(folder: Path) -> str:
    """Git's commit, with `+` where files were changed since; outside a repository, the installed version."""
    commit = await _git(folder, "rev-parse", "--short=12", "HEAD")
    if commit is None:
        return _installed()
    return commit + ("+" if await _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def _installed() -> str:
    try:
        return version("partner-copilot")
    except PackageNotFoundError:
        return "unknown"


async def _git(folder: Path, *arguments: str) -> str | None:
    try:
        process = await asyncio.create_subprocess_exec(
            "git", *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except FileNotFoundError:
        return None
    output, _ = await process.communicate()
    return output.decode().strip() if process.returncode == 0 else None
