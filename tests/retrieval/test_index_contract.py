"""What every `VectorIndex` does. Without QDRANT_TEST_URL the client's in-memory mode stands in for a server."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.errors import UnavailableError
from retrieval.index import OPEN_END, STAGED, IndexFilter, IndexPoint, PointPayload, SparseVector, VectorIndex
from tests.retrieval.conftest import LOCAL_MODE
from tests.retrieval.index_points import (
    ANYTHING,
    EVERYBODY,
    NOTHING,
    PAYLOAD,
    PUBLISHED,
    TODAY,
    point,
    point_id,
    unit,
)

pytestmark = pytest.mark.filterwarnings(LOCAL_MODE)


async def found(index: VectorIndex, collection: str, within: IndexFilter = ANYTHING) -> set[str]:
    return {c.id for c in await index.candidates(collection, unit(1), NOTHING, within, 50)}


def at(release: int) -> IndexFilter:
    return replace(ANYTHING, release=release)


async def test_staged_point_is_seen_only_from_its_release_on(index: VectorIndex, collection: str) -> None:
    await index.upsert(collection, [point("a", PAYLOAD)])
    assert await found(index, collection, at(STAGED - 1)) == set()
    await index.enter(collection, ["r1"], 3)
    assert await found(index, collection, at(2)) == set()
    assert await found(index, collection, at(3)) == await found(index, collection, at(9)) == {point_id("a")}


async def test_enter_takes_only_the_named_revisions_and_only_what_is_staged(
    index: VectorIndex, collection: str
) -> None:
    other = replace(PAYLOAD, revision_id="r2")
    await index.upsert(collection, [point("old"), point("new", PAYLOAD), point("other", other)])
    await index.enter(collection, ["r1"], 2)
    assert await found(index, collection, at(1)) == {point_id("old")}
    assert await found(index, collection, at(2)) == {point_id("old"), point_id("new")}


async def test_many_points_enter_and_leave_together(index: VectorIndex, collection: str) -> None:
    await index.upsert(collection, [point(n, PAYLOAD, seed=n) for n in range(700)])
    await index.enter(collection, ["r1"], 1)
    assert await index.count(collection, at(1)) == 700
    await index.leave(collection, ["r1"], 2)
    assert (await index.count(collection, at(1)), await index.count(collection, at(2))) == (700, 0)


async def test_left_point_stays_in_older_releases(index: VectorIndex, collection: str) -> None:
    await index.upsert(collection, [point("a"), point("b", replace(PUBLISHED, revision_id="r2"))])
    await index.leave(collection, ["r1"], 4)
    assert await found(index, collection, at(3)) == {point_id("a"), point_id("b")}
    assert await found(index, collection, at(4)) == {point_id("b")}


async def test_second_leave_does_not_move_the_first(index: VectorIndex, collection: str) -> None:
    await index.upsert(collection, [point("a")])
    await index.leave(collection, ["r1"], 4)
    await index.leave(collection, ["r1"], 7)
    assert await found(index, collection, at(5)) == set()


async def test_undo_restores_what_was_before_the_release(index: VectorIndex, collection: str) -> None:
    await index.upsert(collection, [point("old"), point("new", replace(PAYLOAD, revision_id="r2"))])
    await index.leave(collection, ["r1"], 2)
    await index.enter(collection, ["r2"], 2)
    await index.undo(collection, 2)
    assert await found(index, collection, at(2)) == {point_id("old")}
    await index.enter(collection, ["r2"], 3)
    assert await found(index, collection, at(3)) == {point_id("old"), point_id("new")}


@pytest.mark.parametrize("release", [0, STAGED])
async def test_marks_of_no_release_are_refused(index: VectorIndex, collection: str, release: int) -> None:
    with pytest.raises(ValueError, match="no release number"):
        await index.enter(collection, ["r1"], release)
    with pytest.raises(ValueError, match="no release number"):
        await index.undo(collection, release)


async def test_copied_point_has_the_same_vectors_and_a_life_of_its_own(index: VectorIndex, collection: str) -> None:
    left = replace(PUBLISHED, removed_in=2, number=7)
    original = point("old", left, seed=5, terms={3: 0.5, 9: 2.0})
    await index.upsert(collection, [original])
    await index.copy(collection, "r1", {point_id("old"): point_id("new")}, 4)
    assert await found(index, collection, at(3)) == set()
    (copied,) = await index.candidates(collection, unit(5), NOTHING, at(4), 10)
    assert (copied.id, copied.payload) == (point_id("new"), replace(left, added_in=4, removed_in=OPEN_END))
    np.testing.assert_allclose(copied.dense, original.dense, atol=1e-6)
    assert dict(zip(copied.sparse.indices, copied.sparse.values, strict=True)) == {3: 0.5, 9: 2.0}
    vectors = await index.sentence_vectors(collection, [copied.id])
    np.testing.assert_allclose(vectors[copied.id], original.sentences, atol=2e-3)
    assert await index.document_frequencies(collection, at(4), [9]) == {9: 1}


async def test_incomplete_copy_is_refused_and_copies_nothing(index: VectorIndex, collection: str) -> None:
    await index.upsert(collection, [point("old"), point("foreign", replace(PUBLISHED, revision_id="r2"))])
    ids = {point_id("old"): point_id("new"), point_id("foreign"): point_id("stolen")}
    with pytest.raises(UnavailableError) as caught:
        await index.copy(collection, "r1", ids, 2)
    assert caught.value.code == "index_incomplete"
    assert await found(index, collection, at(2)) == {point_id("old"), point_id("foreign")}


@pytest.mark.parametrize(
    ("payload", "shown", "hidden"),
    [
        ({"audience": "agent"}, {"audiences": EVERYBODY}, {"audiences": ("public", "partner")}),
        ({"audience": "partner"}, {"audiences": ("partner",)}, {"audiences": ()}),
        ({"customer": "Blume KG"}, {"customer": "Blume KG"}, {"customer": None}),
        ({"customer": "Blume KG"}, {"customer": "Blume KG"}, {"customer": "Blume"}),
        ({"customer": None}, {"customer": "Blume KG"}, {"audiences": ("agent",)}),
        ({"product": "POS"}, {"product": "POS"}, {"product": "WMS"}),
        ({"product": None}, {"product": "WMS"}, {"audiences": ("agent",)}),
        ({"module": "EDI"}, {"module": None}, {"module": "POS"}),
        ({"region": "DACH"}, {"region": "DACH"}, {"region": "UK"}),
        ({"version_from": 7_002_000}, {"version": 7_002_000}, {"version": 7_001_999}),
        ({"version_to": 8_000_000}, {"version": 7_999_999}, {"version": 8_000_000}),
        ({"version_to": 8_000_000}, {"version": None}, {"version": 9_000_000}),
        ({"effective_from": TODAY}, {"as_of": TODAY}, {"as_of": TODAY - 1}),
        ({"effective_to": TODAY}, {"as_of": TODAY - 1}, {"as_of": TODAY}),
        ({"doc_type": "faq"}, {"doc_types": ("faq", "policy")}, {"doc_types": ("policy",)}),
        ({"corpus_id": "c7"}, {"corpus_ids": ("c7",)}, {"corpus_ids": ("c1", "c2")}),
        ({"added_in": 5}, {"release": 5}, {"release": 4}),
        ({"removed_in": 5}, {"release": 4}, {"release": 5}),
    ],
)
async def test_filter_shows_and_hides(
    index: VectorIndex,
    collection: str,
    payload: dict[str, str | int],
    shown: dict[str, object],
    hidden: dict[str, object],
) -> None:
    await index.upsert(collection, [point("a", replace(PUBLISHED, **payload), terms={1: 1.0})])  # type: ignore[arg-type]
    for narrowed, expected in ((shown, 1), (hidden, 0)):
        within = replace(ANYTHING, **narrowed)  # type: ignore[arg-type]
        listed = await index.candidates(collection, unit(0), SparseVector((1,), (1.0,)), within, 10)
        assert len(listed) == expected
        assert await index.count(collection, within) == expected
        assert await index.document_frequencies(collection, within, [1]) == {1: expected}


async def test_hidden_points_do_not_crowd_out_visible_ones(index: VectorIndex, collection: str) -> None:
    secret = replace(PUBLISHED, audience="agent")
    near = [point(f"secret{n}", secret, seed=1, terms={1: 9.0}) for n in range(60)]
    far = [point(f"open{n}", seed=100 + n, terms={1: 0.1}) for n in range(5)]
    await index.upsert(collection, [*near, *far])
    within = replace(ANYTHING, audiences=("partner",))
    listed = await index.candidates(collection, unit(1), SparseVector((1,), (1.0,)), within, 5)
    assert {c.id for c in listed} == {p.id for p in far}
    assert sorted(c.dense_rank for c in listed if c.dense_rank is not None) == [0, 1, 2, 3, 4]


async def test_candidates_are_the_union_of_both_searches_with_ranks_and_vectors(
    index: VectorIndex, collection: str
) -> None:
    points = [point(n, seed=n, terms={100 + n: 1.0, 7: float(n)}) for n in range(1, 6)]
    await index.upsert(collection, points)
    listed = await index.candidates(collection, points[0].dense, SparseVector((7,), (2.0,)), ANYTHING, 2)
    by_id = {c.id: c for c in listed}
    assert len(by_id) == len(listed)
    assert by_id[points[0].id].dense_rank == 0
    assert [by_id[points[n].id].sparse_rank for n in (4, 3)] == [0, 1]
    assert sum(c.dense_rank is not None for c in listed) == sum(c.sparse_rank is not None for c in listed) == 2
    for candidate in listed:
        original = next(p for p in points if p.id == candidate.id)
        assert candidate.dense.dtype == np.float32
        np.testing.assert_allclose(candidate.dense, original.dense, atol=1e-6)
        stored = dict(zip(candidate.sparse.indices, candidate.sparse.values, strict=True))
        assert stored == dict(zip(original.sparse.indices, original.sparse.values, strict=True))
        assert candidate.payload == original.payload
        assert candidate.sentence == pytest.approx(float((original.sentences @ points[0].dense).max()), abs=5e-4)


async def test_point_without_a_common_term_is_no_sparse_candidate(index: VectorIndex, collection: str) -> None:
    await index.upsert(collection, [point("a", terms={1: 1.0}), point("b", seed=3, terms={2: 1.0})])
    listed = await index.candidates(collection, unit(0), SparseVector((2, 999), (1.0, 5.0)), ANYTHING, 10)
    assert {c.id for c in listed if c.sparse_rank is not None} == {point_id("b")}


async def test_large_term_numbers_are_counted(index: VectorIndex, collection: str) -> None:
    top = 2**32 - 1
    await index.upsert(collection, [point("a", terms={0: 1.0, top: 2.0}), point("b", terms={top: 1.0})])
    assert await index.document_frequencies(collection, ANYTHING, [top, 0, 5]) == {top: 2, 0: 1, 5: 0}


async def test_sentence_vectors_come_by_id(index: VectorIndex, collection: str) -> None:
    stored = point("a", seed=4)
    await index.upsert(collection, [stored])
    vectors = await index.sentence_vectors(collection, [stored.id, point_id("unknown")])
    assert list(vectors) == [stored.id]
    assert (vectors[stored.id].shape, vectors[stored.id].dtype) == ((2, 384), np.float32)
    np.testing.assert_allclose(vectors[stored.id], stored.sentences, atol=2e-3)


async def test_all_vectors_of_a_point_come_by_id(index: VectorIndex, collection: str) -> None:
    stored = point("a", seed=4)
    await index.upsert(collection, [stored])
    vectors = await index.vectors(collection, [stored.id, point_id("unknown")])
    assert list(vectors) == [stored.id]
    np.testing.assert_allclose(vectors[stored.id].dense, stored.dense, atol=1e-6)
    np.testing.assert_allclose(vectors[stored.id].sentences, stored.sentences, atol=2e-3)


async def test_payload_change_is_seen_at_once_in_every_release(index: VectorIndex, collection: str) -> None:
    other = replace(PUBLISHED, document_id="d2", revision_id="r2")
    await index.upsert(collection, [point("a", replace(PUBLISHED, customer="Blume KG")), point("b", other)])
    await index.update_payload(collection, "d1", {"audience": "agent", "customer": None})
    assert await found(index, collection) == {point_id("a"), point_id("b")}
    assert await found(index, collection, replace(ANYTHING, audiences=("partner",))) == {point_id("b")}


async def test_deleted_points_are_gone_from_every_release(index: VectorIndex, collection: str) -> None:
    def of(document: str, revision: str) -> PointPayload:
        return replace(PUBLISHED, document_id=document, revision_id=revision)

    points: list[IndexPoint] = [
        point("a", of("d1", "r1")),
        point("b", of("d1", "r2")),
        point("c", of("d2", "r3")),
        point("d", of("d2", "r3"), seed=2),
    ]
    await index.upsert(collection, points)
    assert await index.revisions(collection) == {"r1": 1, "r2": 1, "r3": 2}
    await index.delete_revisions(collection, ["r1"])
    assert await index.revisions(collection) == {"r2": 1, "r3": 2}
    await index.delete_document(collection, "d2")
    assert await index.revisions(collection) == {"r2": 1}
    assert await found(index, collection) == {point_id("b")}


async def test_upsert_twice_leaves_one_point(index: VectorIndex, collection: str) -> None:
    await index.upsert(collection, [point("a", terms={1: 1.0})])
    await index.upsert(collection, [point("a", terms={2: 1.0})])
    assert await index.count(collection, ANYTHING) == 1
    assert await index.document_frequencies(collection, ANYTHING, [1, 2]) == {1: 0, 2: 1}


async def test_collections_share_nothing(index: VectorIndex, collection: str) -> None:
    other = f"{collection}_other"
    await index.ensure(other)
    await index.upsert(collection, [point("a")])
    assert await index.count(other, ANYTHING) == 0
    assert await index.sentence_vectors(other, [point_id("a")]) == {}
    await index.drop(other)
    assert await index.count(collection, ANYTHING) == 1


async def test_ensure_keeps_what_is_there(index: VectorIndex, collection: str) -> None:
    await index.upsert(collection, [point("a")])
    await index.ensure(collection)
    await index.optimize(collection)
    assert await index.count(collection, ANYTHING) == 1


async def test_purge_keeps_every_point_as_it_was(index: VectorIndex, collection: str) -> None:
    points = [point(n, replace(PUBLISHED, revision_id=f"r{n % 3}"), seed=n, terms={n % 5: 2.0}) for n in range(150)]
    await index.upsert(collection, points)
    await index.delete_revisions(collection, ["r2"])
    ids = [point_id(n) for n in range(150)]
    before, counts = await index.vectors(collection, ids), await index.revisions(collection)
    terms = await index.document_frequencies(collection, ANYTHING, list(range(5)))
    await index.purge(collection)
    after = await index.vectors(collection, ids)
    assert after.keys() == before.keys()
    assert all(np.allclose(after[id_].dense, before[id_].dense, atol=1e-6) for id_ in before)
    assert all(np.allclose(after[id_].sentences, before[id_].sentences, atol=1e-3) for id_ in before)
    assert await index.revisions(collection) == counts == {"r0": 50, "r1": 50}
    assert await index.document_frequencies(collection, ANYTHING, list(range(5))) == terms
    await index.upsert(collection, [point("new")])
    assert await index.count(collection, ANYTHING) == 101


async def test_missing_collection_is_named_and_never_an_empty_result(index: VectorIndex, collection: str) -> None:
    await index.drop(collection)
    await index.drop(collection)
    calls = (
        lambda: index.candidates(collection, unit(0), NOTHING, ANYTHING, 5),
        lambda: index.count(collection, ANYTHING),
        lambda: index.revisions(collection),
        lambda: index.upsert(collection, [point("a")]),
    )
    for call in calls:
        with pytest.raises(UnavailableError) as caught:
            await call()
        assert caught.value.code == "index_missing"
