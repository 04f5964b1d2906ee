"""Random steps of three tenants over every channel; after each, nobody was told of another."""

from __future__ import annotations

from typing import Any, ClassVar

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from town import TOPIC, UNKNOWN, House, Town, lantern, leaks

from core.domain import Audience, Role

HOUSES = st.integers(0, 2)
KEYS = st.sampled_from([Role.PARTNER_USER, Role.SUPPORT_AGENT, Role.KNOWLEDGE_ADMIN, Role.AUDITOR, "outside"])
QUESTIONS = st.sampled_from(
    [TOPIC, "How do I say the lantern word?", "Which steps has the lantern?", "Where is the anvil?"]
)
LISTS = (
    "/v1/documents?limit=200",
    "/v1/documents?q=lantern",
    "/v1/corpora",
    "/v1/gaps",
    "/v1/usage",
    "/v1/audit?limit=1000",
    "/v1/audit/verify",
    "/v1/jobs?limit=200",
    "/v1/failures",
    "/v1/sources",
    "/v1/releases",
    "/v1/releases/1",
    "/v1/golden",
    "/v1/grants",
    "/v1/widgets",
    "/v1/tenant/profile",
    "/v1/confidence",
    "/v1/models",
    "/metrics",
)
THINGS = (
    ("/v1/documents/{}", "document"),
    ("/v1/documents/{}/revisions", "document"),
    ("/v1/documents/{}/diff", "document"),
    ("/v1/documents/{}/comments", "document"),
    ("/v1/jobs/{}", "job"),
    ("/v1/sources/{}", "source"),
    ("/v1/widgets/{}", "widget"),
)


class Neighbours(RuleBasedStateMachine):
    """Set `town` before it runs; `steps` counts the calls of all runs. `maimed`: every statement forgot its filter; a
    refusal (503), met once and not explained yet, is let pass there, since what is asked is whether anything crosses."""

    town: ClassVar[Town]
    maimed: ClassVar[bool] = False
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.houses: list[House] = list(self.town.houses.values())
        self.grants: dict[tuple[int, int], str] = {}
        """Owner and grantee → the grant's id."""

    def told(self, at: int, key: str, method: str, path: str, **sent: Any) -> httpx.Response:
        house = self.houses[at]
        response = self.town.call(house.keys[key], method, path, **sent)
        type(self).steps += 1
        granted = {self.houses[owner].slug for owner, grantee in self.grants if grantee == at}
        assert response.status_code < 500 or (self.maimed and response.status_code == 503), (
            f"{method} {path}: {response.text[:300]}"
        )
        found = leaks(self.town, house, response, granted=granted)
        assert not found, f"{method} {path} told {house.slug} of {found}: {response.text[:2000]}"
        return response

    @rule(at=HOUSES, key=KEYS, question=QUESTIONS, other=HOUSES, follow_up=st.booleans(), stream=st.booleans())
    def ask(self, at: int, key: str, question: str, other: int, follow_up: bool, stream: bool) -> None:
        body = {"question": question}
        if follow_up:
            body["conversation_id"] = self.houses[other].ids["conversation"]
        accept = "text/event-stream" if stream else "application/json"
        response = self.told(at, key, "POST", "/v1/ask", json=body, accept=accept)
        if follow_up and (other != at or key != Role.OPERATOR):
            assert response.status_code in (403, 404)

    @rule(at=HOUSES, key=KEYS, question=QUESTIONS)
    def chat(self, at: int, key: str, question: str) -> None:
        body = {"model": "partner-copilot", "messages": [{"role": "user", "content": question}]}
        self.told(at, key, "POST", "/v1/chat/completions", json=body)

    @rule(at=HOUSES, key=KEYS, other=HOUSES, query=QUESTIONS, limit=st.sampled_from([1, 50]), narrow=st.booleans())
    def search(self, at: int, key: str, other: int, query: str, limit: int, narrow: bool) -> None:
        filters = {"corpora": ["notes"], "customer": self.houses[other].slug} if narrow else {}
        self.told(at, key, "POST", "/v1/search", json={"query": query, "limit": limit, "filters": filters})

    @rule(at=HOUSES, key=KEYS, path=st.sampled_from(LISTS))
    def list_things(self, at: int, key: str, path: str) -> None:
        response = self.told(at, key, "GET", path)
        if path.endswith("verify") and response.is_success:
            assert response.json()["fault"] is None

    @rule(at=HOUSES, key=KEYS, other=HOUSES, thing=st.sampled_from(THINGS))
    def read(self, at: int, key: str, other: int, thing: tuple[str, str]) -> None:
        path, name = thing
        response = self.told(at, key, "GET", path.format(self.houses[other].ids[name]))
        granted = name == "document" and (other, at) in self.grants
        assert other == at or granted or response.status_code in (403, 404)

    @rule(at=HOUSES, key=KEYS, other=HOUSES, vote=st.sampled_from(["up", "down"]))
    def vote(self, at: int, key: str, other: int, vote: str) -> None:
        body = {"answer_id": self.houses[other].ids["answer"], "vote": vote}
        response = self.told(at, key, "POST", "/v1/feedback", json=body)
        assert other == at or response.status_code in (403, 404)

    @rule(at=HOUSES, key=KEYS, other=HOUSES, field=st.sampled_from(["answer", "conversation"]))
    def hand_over(self, at: int, key: str, other: int, field: str) -> None:
        body = {f"{field}_id": self.houses[other].ids[field]}
        response = self.told(at, key, "POST", "/v1/handoffs", json=body)
        assert other == at or response.status_code in (403, 404)

    @rule(at=HOUSES, other=HOUSES, audience=st.sampled_from(list(Audience)))
    def reclassify(self, at: int, other: int, audience: Audience) -> None:
        """Another tenant's document: the own ones keep the audience that their canary names."""
        if other != at:
            path = f"/v1/documents/{self.houses[other].ids['document']}"
            response = self.told(at, Role.KNOWLEDGE_ADMIN, "PATCH", path, json={"audience": audience})
            assert response.status_code == 404

    @rule(at=HOUSES, audience=st.sampled_from(list(Audience)), number=st.integers(0, 3))
    def write(self, at: int, audience: Audience, number: int) -> None:
        """The same names and nearly the same texts in every tenant: what compares texts must not compare them across."""
        text = lantern(self.houses[at].canary, audience)
        files = {"file": (f"more-{audience}-{number}.md", text.encode())}
        data = {"corpus": "notes", "audience": audience}
        self.told(at, Role.KNOWLEDGE_ADMIN, "POST", "/v1/documents", data=data, files=files)

    @rule(at=HOUSES, turn=st.integers(0, 9))
    def publish(self, at: int, turn: int) -> None:
        """Now and then: it takes as long as ten other steps."""
        if turn:
            return
        response = self.told(at, Role.KNOWLEDGE_ADMIN, "POST", "/v1/releases", json={"override_reason": "a step"})
        assert response.status_code in (201, 409, 422) or (self.maimed and response.status_code == 503)

    @rule(at=HOUSES, other=HOUSES)
    def sync(self, at: int, other: int) -> None:
        path = f"/v1/sources/{self.houses[other].ids['source']}/sync"
        response = self.told(at, Role.KNOWLEDGE_ADMIN, "POST", path)
        if response.is_success:
            assert other == at
            self.town.finished(self.houses[at], response.json()["id"])
        else:
            assert response.status_code == 404

    @rule(owner=HOUSES, grantee=HOUSES)
    def grant(self, owner: int, grantee: int) -> None:
        body = {"corpus": "notes", "grantee": self.houses[grantee].slug}
        response = self.told(owner, Role.KNOWLEDGE_ADMIN, "POST", "/v1/grants", json=body)
        assert response.is_success == (owner != grantee)
        if response.is_success:
            self.grants[(owner, grantee)] = response.json()["id"]

    @rule(at=HOUSES, data=st.data())
    def revoke(self, at: int, data: st.DataObject) -> None:
        """The owner's word counts; anybody else's is as if the grant were unknown."""
        if not self.grants:
            return
        (owner, grantee), grant_id = data.draw(st.sampled_from(sorted(self.grants.items())))
        response = self.told(at, Role.KNOWLEDGE_ADMIN, "DELETE", f"/v1/grants/{grant_id}")
        assert response.status_code == (204 if at == owner else 404)
        if at == owner:
            del self.grants[(owner, grantee)]

    @rule(at=HOUSES, path=st.sampled_from([path for path, _ in THINGS]))
    def look_for_nothing(self, at: int, path: str) -> None:
        assert self.told(at, Role.KNOWLEDGE_ADMIN, "GET", path.format(UNKNOWN)).status_code == 404

    def teardown(self) -> None:
        for (owner, _), grant_id in self.grants.items():
            self.town.call(self.houses[owner].keys[Role.OPERATOR], "DELETE", f"/v1/grants/{grant_id}")
