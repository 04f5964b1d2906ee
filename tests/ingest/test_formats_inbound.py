"""A ZIP that somebody hands in: each member a document of its own, under rules that can only narrow who reads it."""

from __future__ import annotations

import pytest
from ingest_files import docx, zipped
from ingest_world import World

from core.errors import DocumentError
from ingest.inbound import Inbound
from ingest.pipeline import FileStatus
from ingest.sources.base import SourceLimits


async def take(world: World, members: dict[str, bytes], *, most: int = 50, **metadata: object) -> dict[str, str]:
    """Path → how the member ended."""
    inbound = Inbound(world.library, limits=SourceLimits(), most=most)
    statuses = await inbound.take_archive(
        world.principal(), corpus="docs", name="all.zip", data=zipped(members), metadata=metadata
    )
    return {status.path: _ended(status) for status in statuses}


def _ended(status: FileStatus) -> str:
    return f"{status.state}({status.reason})".removesuffix("()")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_each_member_is_a_document_and_one_that_fails_keeps_none_from_it(world: World) -> None:
    ended = await take(
        world,
        {
            "a.md": b"First words.",
            "sub/b.docx": docx(),
            "broken.pdf": b"%PDF- no",
            "tool.exe": b"MZ",
            "../up.md": b"Stray.",
        },
    )
    assert ended == {
        "all.zip/a.md": "indexed",
        "all.zip/sub/b.docx": "indexed",
        "all.zip/broken.pdf": "failed(unreadable_document)",
        "all.zip/tool.exe": "skipped(unsupported_type)",
        "all.zip/../up.md": "failed(invalid_name)",
    }
    assert set(await world.documents()) == {"all.zip/a.md", "all.zip/sub/b.docx"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_rules_in_the_archive_and_words_of_the_sender_meet_at_the_narrower_audience(world: World) -> None:
    rules = b"secret.md: {audience: agent}\nopen.md: {audience: public}\n"
    members = {"_meta.yaml": rules, "secret.md": b"Secret words.", "open.md": b"Open words."}
    await take(world, members, audience="partner", module="POS", title="Not for all")
    documents = await world.documents()
    assert {path: row.audience for path, row in documents.items()} == {
        "all.zip/secret.md": "agent",
        "all.zip/open.md": "partner",
    }
    assert "Not for all" not in {row.title for row in documents.values()}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_archive_of_too_many_documents_or_none_is_refused_as_a_whole(world: World) -> None:
    with pytest.raises(DocumentError, match="MAX_UPLOAD_MEMBERS") as caught:
        await take(world, {f"{n}.md": b"Words." for n in range(4)}, most=3)
    assert (caught.value.code, caught.value.status) == ("too_large", 413)
    with pytest.raises(DocumentError) as caught:
        await take(world, {})
    assert caught.value.code == "empty"
    assert not await world.documents()
