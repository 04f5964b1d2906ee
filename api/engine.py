"""What is loaded or connected once and shared by all that the service does: the index, the models, the traces."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from typing import Any

from api.store import Store
from api.wiring.backends import make_embedder, make_guards, make_llm, make_tracer, open_index
from core.llm import LLM
from core.metered_llm import MeteredLLM
from core.metrics import Metrics
from core.telemetry import Tracer
from guardrails.guards import Guards
from retrieval.embedding import SentenceTransformerEmbedder
from retrieval.index import VectorIndex


@dataclass(frozen=True, slots=True)
class Engine(Store):
    """The store, and what needs models or other machines. `llm` is None where answers are the documents' own sentences."""

    index: VectorIndex
    embedder: SentenceTransformerEmbedder
    guards: Guards
    llm: LLM | None
    tracer: Tracer
    metrics: Metrics


async def open_engine(stack: AsyncExitStack, store: Store) -> Engine:
    """Warmed up; closed with the stack. Raises `ConflictError` (`home_in_use`) where another process owns the embedded index."""
    settings, metrics = store.settings, Metrics()
    metrics.crossings(store.database.crossings)
    index = open_index(settings)
    stack.push_async_callback(index.close)
    embedder = make_embedder(settings)
    stack.push_async_callback(embedder.aclose)
    # Models and SDKs take seconds to load: together, and off the loop, which already answers health checks.
    guards, tracer, llm, _ = await asyncio.gather(
        asyncio.to_thread(make_guards, settings),
        asyncio.to_thread(make_tracer, settings, metrics),
        asyncio.to_thread(make_llm, settings),
        embedder.warm_up(),
    )
    stack.enter_context(guards)
    stack.push_async_callback(tracer.aclose)
    if llm is not None:
        stack.push_async_callback(llm.aclose)
    metered = None if llm is None else MeteredLLM(llm, store.meter)
    return Engine(
        **shared(store), index=index, embedder=embedder, guards=guards, llm=metered, tracer=tracer, metrics=metrics
    )


def shared(store: Store) -> dict[str, Any]:
    """The fields of a store or engine, for the larger thing that is built around it."""
    return {field.name: getattr(store, field.name) for field in fields(store)}
