"""Every route: the permission it asks for, and what a minimal call of it answers to whoever holds that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.domain import Permission


@dataclass(frozen=True, slots=True)
class Case:
    """`permission` None: open to anybody. `status` is the answer to a holder. `ids` are the path's, by the name of the tenant's
    thing; `real` calls name the caller's own, else an unknown one is named, and nothing changes. `visitor`: a widget's session
    is taken as a credential."""

    permission: Permission | None
    status: int = 200
    ids: dict[str, str] = field(default_factory=dict)
    real: bool = False
    sent: dict[str, Any] = field(default_factory=dict)
    visitor: bool = True
    keyed: bool = False
    """Any live key will do; each tool asks for its own permission."""
    signed: bool = False
    """For people who signed in: a key has no session."""
    session: bool = True
    """A person's session is taken as a credential."""

    def holds(self, held: frozenset[Permission]) -> bool:
        return self.permission is None or self.permission in held

    @property
    def open(self) -> bool:
        return self.permission is None and not self.keyed and not self.signed


P = Permission
DOCUMENT, REVISION = {"document_id": "document"}, {"revision_id": "0" * 32}
UNKNOWN = "0" * 32
MESSAGES = [{"role": "user", "content": "What is the lantern word of the week?"}]
TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
KNOCK = {"widget_id": UNKNOWN, "ticket": "1.x", "origin": "https://a.example", "visitor": "v" * 32}
CHAT = {"model": "partner-copilot", "messages": MESSAGES}


def read(permission: Permission, ids: dict[str, str] | None = None) -> Case:
    return Case(permission, 200, ids or {}, real=True)


def missing(permission: Permission, ids: dict[str, str] | None = None, **body: Any) -> Case:
    """What would change something is called for a thing that is not there."""
    return Case(permission, 404, ids or {}, sent={"json": body} if body else {})


ROUTES: dict[str, Case] = {
    "GET /": Case(None),
    "HEAD /": Case(None),
    "GET /review": Case(None),
    "HEAD /review": Case(None),
    "GET /sign-in": Case(None),
    "HEAD /sign-in": Case(None),
    "GET /oidc/start": Case(None, 303),
    "GET /oidc/callback": Case(None, 303),
    "GET /v1/session": Case(None),
    "POST /v1/session": Case(None, 401, sent={"json": {"email": "nobody", "password": "nothing"}}),
    "PATCH /v1/session": Case(P.TENANTS_ENTER, 404, sent={"json": {"tenant": "nothing"}}, signed=True),
    "DELETE /v1/session": Case(None, 204),
    "PUT /v1/session/password": Case(None, 422, sent={"json": {}}, signed=True),
    "GET /v1/sessions": Case(None, signed=True),
    "DELETE /v1/sessions/{session_id}": Case(None, 404, {"session_id": "-nothing"}, signed=True),
    "GET /v1/users": read(P.PEOPLE_WRITE),
    "POST /v1/users": Case(P.PEOPLE_WRITE, 422, sent={"json": {}}),
    "PATCH /v1/users/{user_id}": missing(P.PEOPLE_WRITE, {"user_id": "user"}, disabled=True),
    "GET /healthz": Case(None),
    "HEAD /healthz": Case(None),
    "GET /readyz": Case(None),
    "HEAD /readyz": Case(None),
    "GET /metrics": Case(None),
    "GET /openapi.json": Case(None),
    "HEAD /openapi.json": Case(None),
    "POST /slack/events": Case(None, 404),
    "GET /slack/install": Case(None, 404, sent={"params": {"code": "x"}}),
    "GET /slack/oauth": Case(None, 404, sent={"params": {"state": "x", "code": "x"}}),
    "GET /widget/v1/loader.js": Case(None),
    "GET /widget/v1/panel": Case(None, 404, sent={"params": {"id": UNKNOWN}}),
    "GET /widget/v1/preview": Case(None),
    "POST /widget/v1/session": Case(None, 404, sent={"json": KNOCK}),
    "GET /widget/v1/answers/{answer_id}": missing(P.ASK, {"answer_id": "-nothing"}),
    "DELETE /widget/v1/answers/{answer_id}": Case(P.ASK, 204, {"answer_id": "-nothing"}),
    "DELETE /widget/v1/session": Case(None, 204),
    "POST /v1/ask": Case(P.ASK, sent={"json": {"question": "What is the lantern word of the week?"}}),
    "POST /v1/search": Case(P.SEARCH, sent={"json": {"query": "lantern"}}),
    "POST /v1/feedback": missing(P.FEEDBACK, answer_id=UNKNOWN, vote="up"),
    "POST /v1/handoffs": missing(P.HANDOFF, answer_id=UNKNOWN, consent=True),
    "GET /v1/cases": read(P.HANDOFF),
    "GET /v1/cases/{case_id}": missing(P.HANDOFF, {"case_id": "-C-999"}),
    "POST /v1/cases/{case_id}/claim": missing(P.CASES_WORK, {"case_id": "-C-999"}),
    "POST /v1/cases/{case_id}/hand-back": missing(P.CASES_WORK, {"case_id": "-C-999"}),
    "POST /v1/cases/{case_id}/resolve": missing(P.CASES_WORK, {"case_id": "-C-999"}, resolution="done"),
    "GET /v1/case-routes": read(P.TENANT_WRITE),
    "POST /v1/case-routes": Case(P.TENANT_WRITE, 422, sent={"json": {}}),
    "DELETE /v1/case-routes/{route_id}": missing(P.TENANT_WRITE, {"route_id": "-nothing"}),
    "POST /v1/restore": missing(P.VAULT_RESTORE, answer_id=UNKNOWN),
    "GET /v1/tasks": read(P.GAPS_READ),
    "POST /v1/tasks/{task_id}/close": missing(P.DOCUMENTS_APPROVE, {"task_id": "-nothing"}),
    "POST /v1/chat/completions": Case(P.ASK, sent={"json": CHAT}, visitor=False),
    "GET /v1/models": Case(P.ASK, visitor=False),
    "GET /v1/models/{model}": Case(P.ASK, 404, {"model": "-"}, visitor=False),
    "GET /v1/documents": read(P.DOCUMENTS_READ),
    "POST /v1/documents": Case(P.DOCUMENTS_WRITE, 422),
    "GET /v1/documents/{document_id}": read(P.DOCUMENTS_READ, DOCUMENT),
    "PATCH /v1/documents/{document_id}": missing(P.DOCUMENTS_WRITE, DOCUMENT, audience="agent"),
    "DELETE /v1/documents/{document_id}": missing(P.DOCUMENTS_WRITE, DOCUMENT),
    "POST /v1/documents/approve": Case(
        P.DOCUMENTS_APPROVE, sent={"json": {"documents": [{"document_id": UNKNOWN, **REVISION}]}}
    ),
    "GET /v1/documents/{document_id}/revisions": read(P.DOCUMENTS_READ, DOCUMENT),
    "GET /v1/documents/{document_id}/diff": read(P.DOCUMENTS_READ, DOCUMENT),
    "GET /v1/documents/{document_id}/comments": read(P.DOCUMENTS_READ, DOCUMENT),
    "POST /v1/documents/{document_id}/comments": missing(P.DOCUMENTS_WRITE, DOCUMENT, text="hello"),
    "POST /v1/documents/{document_id}/submit": missing(P.DOCUMENTS_WRITE, DOCUMENT),
    "POST /v1/documents/{document_id}/approve": missing(P.DOCUMENTS_APPROVE, DOCUMENT, **REVISION),
    "POST /v1/documents/{document_id}/reject": missing(P.DOCUMENTS_APPROVE, DOCUMENT, comment="no", **REVISION),
    "POST /v1/documents/{document_id}/retire": missing(P.DOCUMENTS_WRITE, DOCUMENT),
    "POST /v1/documents/{document_id}/restore": missing(P.DOCUMENTS_WRITE, DOCUMENT, **REVISION),
    "POST /v1/documents/{document_id}/assign": missing(P.DOCUMENTS_WRITE, DOCUMENT, owner="retail"),
    "GET /v1/corpora": read(P.DOCUMENTS_READ),
    "PATCH /v1/corpora/{name:path}": missing(P.DOCUMENTS_APPROVE, {"name": "-"}, requires_approval=False),
    "POST /v1/grants": missing(P.GRANTS_WRITE, corpus="nothing", grantee="nobody"),
    "GET /v1/grants": read(P.DOCUMENTS_READ),
    "DELETE /v1/grants/{grant_id}": missing(P.GRANTS_WRITE, {"grant_id": "grant"}),
    "GET /v1/tenant/profile": read(P.DOCUMENTS_READ),
    "PATCH /v1/tenant/profile": Case(P.TENANT_WRITE, sent={"json": {}}),
    "GET /v1/policy": read(P.POLICY_READ),
    "PUT /v1/policy": Case(P.POLICY_WRITE, 422, sent={"json": {}}),
    "GET /v1/policy/versions": read(P.POLICY_READ),
    "GET /v1/policy/versions/{version}": Case(P.POLICY_READ, 404, {"version": "-999"}),
    "POST /v1/policy/rollback": missing(P.POLICY_WRITE, version=999),
    "GET /v1/prompt": read(P.POLICY_READ),
    "PUT /v1/prompt": Case(P.POLICY_WRITE, 422, sent={"json": {}}),
    "GET /v1/prompt/versions": read(P.POLICY_READ),
    "GET /v1/prompt/versions/{version}": Case(P.POLICY_READ, 404, {"version": "-999"}),
    "POST /v1/prompt/rollback": missing(P.POLICY_WRITE, version=999),
    "POST /v1/sources": Case(P.SOURCES_WRITE, 422, sent={"json": {}}),
    "GET /v1/sources": read(P.SOURCES_WRITE),
    "GET /v1/source-kinds": read(P.SOURCES_WRITE),
    "GET /v1/sources/{source_id}": read(P.SOURCES_WRITE, {"source_id": "source"}),
    "DELETE /v1/sources/{source_id}": missing(P.SOURCES_WRITE, {"source_id": "source"}),
    "POST /v1/sources/{source_id}/pause": missing(P.SOURCES_WRITE, {"source_id": "source"}),
    "POST /v1/sources/{source_id}/resume": missing(P.SOURCES_WRITE, {"source_id": "source"}),
    "POST /v1/sources/{source_id}/sync": missing(P.SOURCES_WRITE, {"source_id": "source"}),
    "GET /v1/failures": read(P.JOBS_READ),
    "POST /v1/failures/{failure_id}/retry": missing(P.SOURCES_WRITE, {"failure_id": "failure"}),
    "GET /v1/gaps": read(P.GAPS_READ),
    "GET /v1/jobs": read(P.JOBS_READ),
    "GET /v1/jobs/{job_id}": read(P.JOBS_READ, {"job_id": "job"}),
    "POST /v1/jobs/{job_id}/retry": missing(P.JOBS_WRITE, {"job_id": "job"}),
    "POST /v1/jobs/{job_id}/cancel": missing(P.JOBS_WRITE, {"job_id": "job"}),
    "POST /v1/reindex": Case(P.JOBS_WRITE, 202),
    "GET /v1/releases": read(P.DOCUMENTS_READ),
    "GET /v1/releases/{number}": Case(P.DOCUMENTS_READ, 404, {"number": "-999"}),
    "POST /v1/releases": Case(P.RELEASES_WRITE, 422, sent={"json": {"note": 1}}),
    "POST /v1/releases/{number}/rollback": Case(P.RELEASES_WRITE, 404, {"number": "-999"}),
    "POST /v1/releases/collect": Case(P.RELEASES_WRITE, 422, sent={"json": {"keep": 0}}),
    "GET /v1/golden": read(P.RELEASES_WRITE),
    "POST /v1/golden": Case(P.RELEASES_WRITE, 422, sent={"json": {"questions": []}}),
    "DELETE /v1/golden/{key:path}": missing(P.RELEASES_WRITE, {"key": "golden"}),
    "GET /v1/golden/limits": read(P.RELEASES_WRITE),
    "PATCH /v1/golden/limits": Case(P.RELEASES_WRITE, sent={"json": {}}),
    "GET /v1/confidence": read(P.RELEASES_WRITE),
    "POST /v1/confidence/fit": Case(P.RELEASES_WRITE, 422),
    "PUT /v1/confidence/risk": Case(P.RELEASES_WRITE, 422, sent={"json": {"accepted_risk": 2}}),
    "DELETE /v1/confidence": Case(P.RELEASES_WRITE),
    "GET /v1/audit": read(P.AUDIT_READ),
    "GET /v1/audit/verify": read(P.AUDIT_READ),
    "GET /v1/usage": read(P.USAGE_READ),
    "PATCH /v1/usage/budget": Case(P.GOVERN, 422, sent={"json": {"questions_per_day": -1}}),
    "POST /v1/usage/confirm": Case(P.GOVERN, 422, sent={"json": {"calls": 1}}),
    "GET /v1/retention": read(P.AUDIT_READ),
    "GET /v1/retention/due": read(P.AUDIT_READ),
    "PATCH /v1/retention": Case(P.GOVERN, 422, sent={"json": {"days": {"audit": 1}}}),
    "POST /v1/retention/run": Case(P.GOVERN, 202),
    "POST /v1/subjects/erase": Case(P.GOVERN, 422, sent={"json": {}}),
    "POST /v1/subjects/export": Case(P.GOVERN, 422, sent={"json": {}}),
    "GET /v1/subjects": read(P.GOVERN),
    "GET /v1/subjects/{request_id}": missing(P.GOVERN, {"request_id": "-nothing"}),
    "GET /v1/subjects/{request_id}/export": missing(P.GOVERN, {"request_id": "-nothing"}),
    "DELETE /v1/tenant": Case(P.GOVERN, 422, sent={"json": {"confirm": "-"}}),
    "POST /v1/widgets": Case(P.TENANT_WRITE, 422, sent={"json": {}}),
    "GET /v1/widgets": read(P.TENANT_WRITE),
    "POST /v1/widgets/theme": Case(P.TENANT_WRITE, sent={"json": {"theme": {}}}),
    "GET /v1/widgets/{widget_id}": read(P.TENANT_WRITE, {"widget_id": "widget"}),
    "PATCH /v1/widgets/{widget_id}": missing(P.TENANT_WRITE, {"widget_id": "widget"}, enabled=True),
    "POST /v1/widgets/{widget_id}/keys": missing(P.TENANT_WRITE, {"widget_id": "widget"}, issuer="a"),
    "DELETE /v1/widgets/{widget_id}/keys/{kid}": missing(P.TENANT_WRITE, {"widget_id": "widget", "kid": "kid"}),
    "POST /mcp": Case(
        None,
        keyed=True,
        sent={"json": TOOLS, "accept": "application/json, text/event-stream"},
        visitor=False,
        session=False,
    ),
}
