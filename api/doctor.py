"""`partner-copilot doctor`: is everything there, and if not, what to do."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from api.serve import running_url
from api.store import open_store
from core.errors import CopilotError
from core.row_security import standing
from core.settings import IndexKind, Settings

MIN_FREE_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    ok: bool
    detail: str


async def examine(settings: Settings) -> list[Finding]:
    """One finding a part, in the order in which they depend on each other."""
    checks: tuple[tuple[str, Callable[[Settings], Awaitable[str]]], ...] = (
        ("data folder", _home),
        ("database", _database),
        ("row-level security", _row_security),
        ("embedding model", _model),
        ("vector index", _index),
        ("vectors' generation", _generations),
        ("language model", _llm),
        ("server", _server),
    )
    return [await _finding(what, check, settings) for what, check in checks]


async def _finding(what: str, check: Callable[[Settings], Awaitable[str]], settings: Settings) -> Finding:
    try:
        return Finding(what, True, await check(settings))
    except CopilotError as error:
        return Finding(what, False, error.detail)
    except (OSError, httpx.HTTPError) as error:
        return Finding(what, False, f"{type(error).__name__}: {error}")


async def _home(settings: Settings) -> str:
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    free = shutil.disk_usage(settings.home).free
    if free < MIN_FREE_BYTES:
        raise CopilotError(f"{settings.home} has {free / 1e9:.1f} GB free; keep at least 2")
    return f"{settings.home.resolve()}, {free / 1e9:.0f} GB free"


async def _database(settings: Settings) -> str:
    async with open_store(settings) as store:
        tenants = await store.tenants.all()
    return f"{'SQLite' if store.database.is_sqlite else 'PostgreSQL'}, schema up to date, {len(tenants)} tenants"


async def _row_security(settings: Settings) -> str:
    async with open_store(settings) as store:
        found = await standing(store.database)
    if found is None:
        return "none on SQLite: tenants are kept apart by the statements' own filters"
    if fault := found.fault:
        raise CopilotError(fault)
    return f"on every tenant's table, and the service's role '{found.role}' cannot switch it off"


async def _model(settings: Settings) -> str:
    from retrieval.embedding import model_folder

    return str(model_folder(settings.embedding.model))


async def _index(settings: Settings) -> str:
    if settings.index.kind is IndexKind.EMBEDDED:
        return f"embedded, in {settings.home / 'index'}"
    async with httpx.AsyncClient(timeout=settings.index.deadline_s) as http:
        (await http.get(f"{settings.index.url}/readyz")).raise_for_status()
    return f"server at {settings.index.url}"


async def _generations(settings: Settings) -> str:
    async with open_store(settings) as store:
        tenants = await store.tenants.all()
    old = [tenant for tenant in tenants if not tenant.current]
    if not old:
        return "every tenant's vectors are of this model and chunker"
    state = "answers come from older vectors" if all(tenant.searchable for tenant in old) else "they cannot be searched"
    raise CopilotError(
        f"{len(old)} of {len(tenants)} tenants' vectors were made by another model or chunker; {state}. Run "
        + "; ".join(f"'partner-copilot reindex --tenant {tenant.slug}'" for tenant in old[:5])
        + ("; …" if len(old) > 5 else "")
    )


async def _llm(settings: Settings) -> str:
    if settings.llm.base_url is None:
        return (
            "none configured: answers are extracts (set COPILOT_LLM__BASE_URL and COPILOT_LLM__MODEL for composed ones)"
        )
    async with httpx.AsyncClient(timeout=5.0) as http:
        await http.get(f"{settings.llm.base_url.rstrip('/')}/models")
    return f"{settings.llm.model} at {settings.llm.base_url}"


async def _server(settings: Settings) -> str:
    url = running_url(settings.home)
    return f"running at {url}" if url else "not running (start it with 'partner-copilot serve')"
