"""What every `Embedder` does, and what the real model's adapter adds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from core.errors import ConfigurationError
from retrieval.embedding import Embedder, EmbedItem, SentenceTransformerEmbedder, model_folder
from tests.fakes import FakeEmbedder

TEXT = "Open the posting form. Select the purchase order. The invoice is matched to the goods receipt."
SPANS = ((0, 22), (23, 49), (50, len(TEXT)))
ITEM = EmbedItem(TEXT, SPANS)
QUESTION = "Which invoice is matched to a goods receipt?"


def real() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(model_folder(None), batch_tokens=512)


@pytest.fixture(params=["fake", pytest.param("minilm", marks=pytest.mark.slow)])
async def embedder(request: pytest.FixtureRequest) -> AsyncIterator[Embedder]:
    if request.param == "fake":
        yield FakeEmbedder()
        return
    model = real()
    yield model
    await model.aclose()


def norms(vectors: np.ndarray) -> np.ndarray:
    return np.linalg.norm(vectors, axis=-1)


async def test_vectors_have_the_promised_shapes_and_unit_length(embedder: Embedder) -> None:
    query = await embedder.embed_query(QUESTION)
    texts = await embedder.embed_texts([TEXT, "", "invoice"])
    first, second = await embedder.embed_passages([ITEM, EmbedItem("no sentences known")])
    assert (query.shape, texts.shape) == ((384,), (3, 384))
    assert (first.dense.shape, first.sentences.shape, second.sentences.shape) == ((384,), (3, 384), (0, 384))
    for vectors in (query, texts, first.dense, first.sentences):
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(norms(vectors), 1, atol=1e-5)
    assert embedder.dimension == 384
    assert embedder.name


async def test_nothing_in_nothing_out(embedder: Embedder) -> None:
    assert await embedder.embed_passages([]) == []
    assert (await embedder.embed_texts([])).shape == (0, 384)


async def test_vectors_do_not_depend_on_their_neighbours_or_order(embedder: Embedder) -> None:
    others = [EmbedItem(f"another passage of {n} words " * (n % 40 + 1), ((0, 7),)) for n in range(30)]
    alone = (await embedder.embed_passages([ITEM]))[0]
    among = (await embedder.embed_passages([*others[:17], ITEM, *others[17:]]))[17]
    np.testing.assert_allclose(among.dense, alone.dense, atol=1e-5)
    np.testing.assert_allclose(among.sentences, alone.sentences, atol=1e-5)


async def test_query_passage_and_text_of_the_same_words_agree(embedder: Embedder) -> None:
    query = await embedder.embed_query(TEXT)
    (passage,) = await embedder.embed_passages([ITEM])
    (text,) = await embedder.embed_texts([TEXT])
    np.testing.assert_allclose(query, passage.dense, atol=1e-5)
    np.testing.assert_allclose(query, text, atol=1e-5)


async def test_question_is_nearest_to_the_sentence_that_answers_it(embedder: Embedder) -> None:
    query = await embedder.embed_query(QUESTION)
    (passage,) = await embedder.embed_passages([ITEM])
    assert int(np.argmax(passage.sentences @ query)) == 2


async def test_blank_sentence_has_the_passages_vector(embedder: Embedder) -> None:
    (passage,) = await embedder.embed_passages([EmbedItem(TEXT + "   ", (*SPANS, (len(TEXT), len(TEXT) + 3)))])
    np.testing.assert_allclose(passage.sentences[3], passage.dense, atol=1e-6)


@pytest.mark.slow
async def test_passages_equal_what_sentence_transformers_encodes() -> None:
    from sentence_transformers import SentenceTransformer

    texts = [TEXT * n for n in (1, 2, 3, 9)] + ["x", "", "Zahlungsbedingungen für Händler", "发票"]
    expected = SentenceTransformer(str(model_folder(None)), device="cpu").encode(texts, normalize_embeddings=True)
    model = real()
    embedded = await model.embed_passages([EmbedItem(text) for text in texts])
    cosines = [float(e.dense @ x) for e, x in zip(embedded, expected, strict=True)]
    assert min(cosines) > 0.999
    await model.aclose()


@pytest.mark.slow
async def test_sentence_is_the_mean_of_its_own_tokens_in_the_passage() -> None:
    from sentence_transformers import SentenceTransformer

    folder = model_folder(None)
    reference = SentenceTransformer(str(folder), device="cpu")
    tokens = reference.encode(TEXT, output_value="token_embeddings").numpy()
    offsets = reference.tokenizer(TEXT, return_offsets_mapping=True)["offset_mapping"]
    model = real()
    (passage,) = await model.embed_passages([ITEM])
    for (start, end), found in zip(SPANS, passage.sentences, strict=True):
        own = [t for t, (a, b) in zip(tokens, offsets, strict=True) if start <= a < b <= end]
        mean = np.mean(own, axis=0)
        assert float(found @ mean / np.linalg.norm(mean)) > 0.9999
    await model.aclose()


@pytest.mark.slow
async def test_sentence_beyond_the_window_has_the_passages_vector() -> None:
    text = TEXT * 20
    model = real()
    (passage,) = await model.embed_passages([EmbedItem(text, ((0, 22), (len(text) - 44, len(text))))])
    assert float(passage.sentences[0] @ passage.dense) < 0.999
    np.testing.assert_allclose(passage.sentences[1], passage.dense, atol=1e-6)
    await model.aclose()


@pytest.mark.slow
async def test_question_does_not_wait_for_the_passages_before_it() -> None:
    model = real()
    await model.warm_up()
    ingest = asyncio.create_task(model.embed_passages([EmbedItem(TEXT * 4)] * 200))
    await asyncio.sleep(0.1)
    await model.embed_query(QUESTION)
    assert not ingest.done()
    ingest.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ingest
    await model.aclose()


@pytest.mark.slow
async def test_folder_without_a_model_is_named(tmp_path: Path) -> None:
    model = SentenceTransformerEmbedder(tmp_path)
    with pytest.raises(ConfigurationError, match=r"embedding\.model"):
        await model.warm_up()
    await model.aclose()


@pytest.mark.slow
async def test_half_precision_agrees_with_single() -> None:
    single, half = real(), SentenceTransformerEmbedder(model_folder(None), half=True)
    [one], [other] = await single.embed_passages([ITEM]), await half.embed_passages([ITEM])
    assert other.dense.dtype == np.float32
    assert not np.array_equal(one.dense, other.dense)
    assert float(one.dense @ other.dense) > 0.999
    assert float((one.sentences * other.sentences).sum(axis=1).min()) > 0.999
    for model in (single, half):
        await model.aclose()
