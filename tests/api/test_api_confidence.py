"""A tenant's confidence over HTTP: who may fit it, what is refused, and that the next answer goes by it."""

from __future__ import annotations

import pytest
from api_world import Json, Lab, ask, problem, upload

pytestmark = pytest.mark.slow

PLACES = ("till", "printer", "scanner", "scale", "drawer", "terminal", "gate", "kiosk", "label press", "router")
UNKNOWN = "What is the capital of the {}th province of Atlantis, and who pays for its {}?"


def lines() -> list[Json]:
    """Twenty that the documents answer, twenty that nothing answers."""
    known = [
        {
            "id": f"k{n}",
            "question": f"{start} the {place} in the store have to be {rest}?",
            "kind": "answerable",
            "audience": "partner",
            "gold": [{"source": f"{place.replace(' ', '-')}.md", "quote": f"The {place} in the store"}],
        }
        for n, (place, (start, rest)) in enumerate(
            (place, words)
            for place in PLACES
            for words in (("How often does", "cleaned"), ("When must", "serviced by whom"))
        )
    ]
    unknown = [
        {
            "id": f"u{n}",
            "question": UNKNOWN.format(n, PLACES[n % 10]),
            "kind": "unanswerable",
            "audience": "partner",
            "gold": [],
        }
        for n in range(20)
    ]
    return [*known, *unknown]


def test_a_fit_needs_golden_questions_and_an_accepted_risk_needs_a_fit(lab: Lab) -> None:
    assert lab.admin.get("/v1/confidence").json()["fitted"] is None
    problem(lab.admin.put("/v1/confidence/risk", json={"accepted_risk": 0.1}), 409, "not_fitted")
    problem(lab.admin.post("/v1/confidence/fit"), 422, "too_few_golden")
    problem(lab.admin.put("/v1/confidence/risk", json={"accepted_risk": 0.9}), 422, "invalid_request")
    for method, path in (("GET", ""), ("POST", "/fit"), ("DELETE", "")):
        problem(lab.partner.request(method, f"/v1/confidence{path}"), 403, "forbidden")


def test_the_next_answer_goes_by_the_fitted_threshold(lab: Lab) -> None:
    for place in PLACES:
        text = f"# The {place}\n\nThe {place} in the store has to be cleaned every night and is serviced by the depot in May."
        assert upload(lab.admin, f"{place.replace(' ', '-')}.md", text).status_code == 201
    assert lab.admin.post("/v1/releases", json={}).status_code == 201
    assert lab.admin.post("/v1/golden", json={"questions": lines()}).status_code == 200
    fitted = lab.admin.post("/v1/confidence/fit")
    assert fitted.status_code == 200, fitted.text
    found = fitted.json()["fitted"]
    assert (found["questions"], found["right"]) == (40, 20)
    assert found["auroc"] > 0.9
    coverage = [point["coverage"] for point in found["curve"]]
    assert coverage == sorted(coverage) and coverage[-1] == 1.0
    accepted = lab.admin.put("/v1/confidence/risk", json={"accepted_risk": 0.2}).json()
    known, unknown = (ask(lab.partner, lines()[n]["question"]) for n in (0, -1))
    assert known["outcome"] == "answered" and known["confidence"] >= accepted["threshold"]
    assert unknown["outcome"] == "abstained" and unknown["confidence"] < accepted["threshold"]
    assert lab.admin.delete("/v1/confidence").json()["fitted"] is None
