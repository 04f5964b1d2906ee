"""Every route that writes is either listed as privileged, and leaves one row in the audit, or listed as none, and leaves none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from api_world import Json, Lab, calling, new_key, problem, upload
from fastapi.routing import APIRoute
from fastapi import APIRouter

from api import app as api_app
from core.domain import Role
from tests.servers.demo import Demo
from tests.servers.ports import wait_for

pytestmark = pytest.mark.slow

Call = Callable[[httpx.Client], httpx.Response]
READS = {"GET", "HEAD"}

UNPRIVILEGED = {
    "POST /v1/ask",
    "POST /v1/search",
    "POST /v1/feedback",
    "POST /v1/handoffs",
    "POST /slack/events",  # signed by Slack; what it leads to is asked as above
}
"""What anybody with a key for asking does; kept in tables of its own."""

OPERATORS = {"PATCH /v1/usage/budget", "POST /v1/usage/confirm"}
"""For the command line alone: see tests/core/test_metering.py."""

SETTLED_ELSEWHERE = {
    "POST /v1/jobs/{job_id}/retry",  # tests/core/test_job_desk.py
    "POST /v1/jobs/{job_id}/cancel",
    "POST /v1/failures/{failure_id}/retry",  # as the sync that it starts
    "POST /v1/confidence/fit",  # tests/evals/test_calibrate.py
    "PUT /v1/confidence/risk",
    "POST /v1/documents/{document_id}/restore",  # tests/ingest/test_revisions.py
    "POST /v1/documents/{document_id}/reject",  # tests/ingest/test_curation.py
    "POST /v1/documents/{document_id}/submit",
    "POST /v1/documents/{document_id}/retire",
    "POST /v1/releases/{number}/rollback",  # tests/ingest/test_releases.py
}
"""Privileged, too: what must go before them is made, and their rows are counted, beside their services."""


class Acts:
    """Each privileged route once, in an order in which each finds what it needs. `ids` are of what the calls before made."""

    def __init__(self, lab: Lab, grantee: str) -> None:
        self.lab = lab
        self.grantee = grantee
        self.ids: dict[str, str] = {}

    def calls(self) -> dict[str, Call]:
        return {
            "POST /v1/documents": self.uploaded,
            "PATCH /v1/documents/{document_id}": lambda api: api.patch(self.document, json={"audience": "agent"}),
            "POST /v1/documents/{document_id}/comments": lambda api: api.post(
                f"{self.document}/comments", json={"text": "Does this still hold?"}
            ),
            "POST /v1/documents/{document_id}/assign": lambda api: api.post(
                f"{self.document}/assign", json={"owner": "retail team"}
            ),
            "PATCH /v1/corpora/{name:path}": lambda api: api.patch("/v1/corpora/notes", json={"requires_approval": True}),
            "POST /v1/documents/{document_id}/approve": self.approved,
            "POST /v1/documents/approve": self.approved_many,
            "PUT /v1/golden": lambda api: api.put("/v1/golden", json={"questions": [self.golden]}),
            "PATCH /v1/golden/limits": lambda api: api.patch("/v1/golden/limits", json={"min_pass": 0.0}),
            "DELETE /v1/golden/{question_id:path}": lambda api: api.delete("/v1/golden/q1"),
            "POST /v1/releases": lambda api: api.post("/v1/releases", json={}),
            "POST /v1/releases/collect": lambda api: api.post("/v1/releases/collect", json={}),
            "POST /v1/grants": self.granted,
            "DELETE /v1/grants/{grant_id}": lambda api: api.delete(f"/v1/grants/{self.ids['grant']}"),
            "PATCH /v1/tenant/profile": lambda api: api.patch("/v1/tenant/profile", json={"region": "Germany"}),
            "DELETE /v1/confidence": lambda api: api.delete("/v1/confidence"),
            "POST /v1/reindex": self.reindexed,
            "DELETE /v1/documents/{document_id}": lambda api: api.delete(self.document),
        }

    golden: Json = {"id": "q1", "question": "How is the scanner reset?", "kind": "answerable", "gold": [{"source": "a.md"}]}

    @property
    def document(self) -> str:
        return f"/v1/documents/{self.ids['document']}"

    def uploaded(self, api: httpx.Client) -> httpx.Response:
        response = upload(api, "a.md", "# Scanner\n\nA dock scanner is reset by holding both triggers.\n")
        self.ids["document"] = response.json()["id"]
        return response

    def approved(self, api: httpx.Client) -> httpx.Response:
        document = self._waiting(api, "b.md")
        return api.post(f"/v1/documents/{document['document_id']}/approve", json={"revision_id": document["revision_id"]})

    def approved_many(self, api: httpx.Client) -> httpx.Response:
        return api.post("/v1/documents/approve", json={"documents": [self._waiting(api, "c.md")]})

    def granted(self, api: httpx.Client) -> httpx.Response:
        response = api.post("/v1/grants", json={"corpus": "notes", "grantee": self.grantee})
        self.ids["grant"] = response.json()["id"]
        return response

    def reindexed(self, api: httpx.Client) -> httpx.Response:
        return api.post("/v1/reindex")

    def _waiting(self, api: httpx.Client, name: str) -> Json:
        """A document of another author that waits for approval; its upload is no part of the call."""
        raise NotImplementedError
