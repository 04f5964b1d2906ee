"""What surrounds the routes: the OpenAPI document, health, headers, unknown paths and methods."""

from __future__ import annotations

import json
import math
from typing import Any

import httpx
import pytest
from api_world import Json, calling, problem
from openai.types import Model
from openai.types.chat import ChatCompletion
from pydantic import TypeAdapter

from answers.types import Answer
from api import examples
from api.middleware import CSP
from api.openai import examples as openai_examples
from api.openai.conversation import question_of
from api.openai.schemas import ChatIn
from core.domain import Audience, Principal
from core.settings import OpenAISettings
from evals.dataset import parse
from tests.servers.demo import Demo

pytestmark = pytest.mark.slow


@pytest.fixture
def openapi(corvane: httpx.Client) -> Json:
    found: Json = corvane.get("/openapi.json").json()
    return found


def _operations(openapi: Json) -> list[tuple[str, Json]]:
    return [
        (f"{method} {path}", said) for path, methods in openapi["paths"].items() for method, said in methods.items()
    ]


CONTRACT = {
    "post /v1/ask",
    "post /v1/search",
    "post /v1/documents",
    "get /v1/documents/{document_id}",
    "patch /v1/documents/{document_id}",
    "delete /v1/documents/{document_id}",
    "post /v1/sources",
    "get /v1/sources",
    "get /v1/sources/{source_id}",
    "delete /v1/sources/{source_id}",
    "post /v1/sources/{source_id}/pause",
    "post /v1/sources/{source_id}/resume",
    "post /v1/sources/{source_id}/sync",
    "get /v1/jobs/{job_id}",
    "post /v1/releases",
    "post /v1/releases/{number}/rollback",
    "post /v1/feedback",
    "post /v1/handoffs",
    "post /v1/chat/completions",
    "get /v1/models",
    "get /v1/models/{model}",
    "get /healthz",
    "get /readyz",
    "get /metrics",
}


def test_the_openapi_document_tells_every_route_with_its_errors(openapi: Json) -> None:
    operations = _operations(openapi)
    assert {name for name, _ in operations} >= CONTRACT
    for name, said in operations:
        assert said["summary"], name
        assert said["description"], name
        if said["tags"] == ["OpenAI-compatible"]:
            _tells_errors_as_openai_does(said)
            continue
        for status, response in said["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], f"{name} {status}"
                example = response["content"]["application/problem+json"]["example"]
                assert str(example["status"]) == status
        if " /v1/" in name:  # a widget's session is opened without a credential
            assert said["security"], f"{name} names no credential"
            assert said["responses"].keys() >= {"401", "403", "404", "422", "503"}


def _tells_errors_as_openai_does(said: Json) -> None:
    errors = {status: response for status, response in said["responses"].items() if status != "200"}
    assert errors.keys() >= {"400", "401", "403", "404", "429", "503", "default"}
    assert "422" not in errors
    for response in errors.values():
        example = response["content"]["application/json"]["example"]["error"]
        assert example.keys() >= {"message", "type", "code"}  # FastAPI leaves nulls out of its document
    assert said["security"]


def test_the_examples_of_openais_routes_are_what_its_client_and_ours_take() -> None:
    ChatCompletion.model_validate(openai_examples.COMPLETION, strict=True)
    note = openai_examples.COMPLETION["choices"][0]["message"]["annotations"][0]["url_citation"]
    text = openai_examples.COMPLETION["choices"][0]["message"]["content"]
    assert text[note["start_index"] : note["end_index"]] == "[1]"
    asker = Principal("t", "k", Audience.PUBLIC, frozenset())
    for example in openai_examples.CHAT_REQUESTS.values():
        assert question_of(ChatIn.model_validate(example["value"]), asker, OpenAISettings()).text
    for model in openai_examples.MODELS[200]["content"]["application/json"]["example"]["data"]:
        Model.model_validate(model, strict=True)


def test_the_examples_are_what_the_schemas_say(openapi: Json) -> None:
    TypeAdapter(Answer).validate_python(examples.ANSWER[200]["content"]["application/json"]["example"])
    for question in openapi["components"]["schemas"]["GoldenIn"]["properties"]["questions"]["examples"][0]:
        parse(json.dumps(question), "the example")
    for name, said in _operations(openapi):
        body = said.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        for field, schema in _properties(openapi, body).items():
            for example in schema.get("examples", []):
                assert _fits(openapi, schema, example), f"{name}: {field} = {example!r}"


def _properties(openapi: Json, schema: Json | None) -> dict[str, Any]:
    if schema is None:
        return {}
    return dict(openapi["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]["properties"])


def _fits(openapi: Json, schema: Json, value: object) -> bool:
    """Of JSON Schema what request bodies use; anything else fits nothing."""
    if "$ref" in schema:
        return _fits(openapi, openapi["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]], value)
    if "anyOf" in schema:
        return any(_fits(openapi, one, value) for one in schema["anyOf"])
    match value:
        case str():
            return schema.get("type") == "string" and len(value) <= schema.get("maxLength", 10_000)
        case bool():
            return schema.get("type") == "boolean"
        case int():
            in_range = schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf)
            return schema.get("type") in ("integer", "number") and in_range
        case float():
            above = schema.get("exclusiveMinimum", -math.inf) < value <= schema.get("maximum", math.inf)
            return schema.get("type") == "number" and above
        case list():
            few = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10_000)
            return schema.get("type") == "array" and few and all(_fits(openapi, schema["items"], v) for v in value)
        case dict():
            known, others = schema.get("properties", {}), schema.get("additionalProperties", False)
            return (
                schema.get("type") == "object"
                and value.keys() >= set(schema.get("required", ()))
                and len(value) <= schema.get("maxProperties", 10_000)
                and all(
                    _fits(openapi, known[name], v)
                    if name in known
                    else others is True or (bool(others) and _fits(openapi, others, v))
                    for name, v in value.items()
                )
            )
        case _:
            return False


def test_health_needs_no_key(demo: Demo) -> None:
    with calling(demo, None) as anybody:
        assert anybody.get("/healthz").json() == {"status": "ok"}
        assert anybody.get("/readyz").json() == {"status": "ready"}
        metrics = anybody.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert "# TYPE" in metrics.text
    assert "corvane" not in metrics.text.lower()


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/nothing", "/chat/nothing.js", "/chat/../api/app.py", "/v1/documents/%00", "/.env"]
)
def test_an_unknown_path_is_a_problem(corvane: httpx.Client, path: str) -> None:
    problem(corvane.get(path), 404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/ask"), ("DELETE", "/healthz"), ("PUT", "/v1/documents/1")])
def test_a_wrong_method_is_a_problem_that_names_the_right_one(corvane: httpx.Client, method: str, path: str) -> None:
    response = corvane.request(method, path)
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
def test_probes_may_ask_for_the_head_alone(demo: Demo, path: str) -> None:
    with calling(demo, None) as anybody:
        response = anybody.head(path)
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/nothing", "/openapi.json"])
def test_every_response_carries_the_security_headers_and_an_id(corvane: httpx.Client, path: str) -> None:
    first, second = corvane.get(path), corvane.get(path)
    assert first.headers["content-security-policy"] == CSP
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["referrer-policy"] == "no-referrer"
    assert "server" not in first.headers
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_the_page_runs_no_inline_script_and_no_foreign_one(corvane: httpx.Client) -> None:
    page = corvane.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "<script>" not in page.text
    assert "https://" not in page.text
    policy = dict(part.strip().split(" ", 1) for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
