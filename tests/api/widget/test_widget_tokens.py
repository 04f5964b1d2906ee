"""Identity tokens that must not be accepted, and those that must."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from widget_service import ISSUER, WidgetService

pytestmark = pytest.mark.slow

Make = Callable[[WidgetService], str]


def _now() -> int:
    return int(datetime.now(UTC).timestamp())


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _with(**more: Any) -> Make:
    return lambda service: service.signed(**more)


def _without(claim: str) -> Make:
    def make(service: WidgetService) -> str:
        claims = {name: value for name, value in service.claims().items() if name != claim}
        return jwt.encode(claims, service.secret, "HS256", headers={"kid": service.kid})

    return make


def _header(*, secret: str | None = None, **header: Any) -> Make:
    def make(service: WidgetService) -> str:
        kid = {"kid": service.kid} | header
        return jwt.encode(service.claims(), secret or service.secret, "HS256", headers=kid)

    return make


def _unsigned(algorithm: str) -> Make:
    def make(service: WidgetService) -> str:
        head = {"alg": algorithm, "kid": service.kid, "typ": "JWT"}
        return f"{_b64(json.dumps(head).encode())}.{_b64(json.dumps(service.claims()).encode())}."

    return make


def _signed_with_sha512(service: WidgetService) -> str:
    """By hand: PyJWT warns of so short a secret for it."""
    head = _b64(json.dumps({"alg": "HS512", "kid": service.kid, "typ": "JWT"}).encode())
    text = f"{head}.{_b64(json.dumps(service.claims()).encode())}"
    return f"{text}.{_b64(hmac.digest(service.secret.encode(), text.encode(), 'sha512'))}"


def _tampered(service: WidgetService) -> str:
    head, _, seal = service.signed().split(".")
    return f"{head}.{_b64(json.dumps(service.claims(sub='somebody-else')).encode())}.{seal}"


def _signed_with_an_rsa_key(service: WidgetService) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(service.claims(), key, "RS256", headers={"kid": service.kid})


def _of_another_widget(service: WidgetService) -> str:
    other = service.new_widget()
    key = service.new_key(other)
    return jwt.encode(service.claims(aud=other), key["secret"], "HS256", headers={"kid": key["kid"]})


def _with_another_widgets_key(service: WidgetService) -> str:
    key = service.new_key(service.new_widget())
    return jwt.encode(service.claims(), key["secret"], "HS256", headers={"kid": key["kid"]})


def _replayed(service: WidgetService) -> str:
    token = service.signed()
    service.visit(token=token)
    return token


def _jti_used_again(service: WidgetService) -> str:
    service.visit(token=service.signed(jti="once"))
    return service.signed(jti="once", sub="somebody-else")


def _eddsa_public_key_as_secret(service: WidgetService) -> str:
    """The classic confusion: a public key, which everybody has, used as an HMAC secret."""
    pem = (
        ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    widget = service.new_widget()
    key = service.new_key(widget, algorithm="EdDSA", public_key=pem.decode())
    head = _b64(json.dumps({"alg": "HS256", "kid": key["kid"], "typ": "JWT"}).encode())
    body = _b64(json.dumps(service.claims(aud=widget)).encode())
    return f"{head}.{body}.{_b64(hmac.digest(pem, f'{head}.{body}'.encode(), 'sha256'))}"


BAD: dict[str, Make] = {
    "expired": _with(iat=_now() - 900, exp=_now() - 120),
    "lives an hour": _with(exp=_now() + 3600),
    "issued in the future": _with(iat=_now() + 600, exp=_now() + 900),
    "ends before it begins": _with(iat=_now() + 20, exp=_now() + 10),
    "not yet valid": _with(nbf=_now() + 600),
    "no end": _without("exp"),
    "no beginning": _without("iat"),
    "no subject": _without("sub"),
    "no issuer": _without("iss"),
    "no audience": _without("aud"),
    "no jti": _without("jti"),
    "foreign audience": _with(aud="another-service"),
    "two audiences": lambda service: service.signed(aud=[service.widget, "another-service"]),
    "foreign issuer": _with(iss="evil.example.com"),
    "empty subject": _with(sub="  "),
    "subject is a number": _with(sub=17),
    "long subject": _with(sub="s" * 201),
    "long jti": _with(jti="j" * 201),
    "end is a text": _with(exp="tomorrow"),
    "end is a fraction": _with(exp=_now() + 300.5),
    "end beyond time": _with(iat=10**17, exp=10**17 + 60),
    "alg none": _unsigned("none"),
    "alg nOnE": _unsigned("nOnE"),
    "no signature": _unsigned("HS256"),
    "signature of another secret": _header(secret="x" * 43),
    "claims changed": _tampered,
    "another hash": _signed_with_sha512,
    "another family": _signed_with_an_rsa_key,
    "public key as secret": _eddsa_public_key_as_secret,
    "unknown kid": _header(kid="0" * 32),
    "kid is a path": _header(kid="../../dev/null"),
    "kid asks the database": _header(kid="' OR 1=1 --"),
    "no kid": lambda service: jwt.encode(service.claims(), service.secret, "HS256"),
    "critical parameter": _header(crit=["exp"]),
    "another widget's token": _of_another_widget,
    "another widget's key": _with_another_widgets_key,
    "replayed": _replayed,
    "jti used again": _jti_used_again,
    "too long": _with(padding="x" * 5000),
    "three dots": lambda _service: "...",
    "junk": lambda _service: "no token at all",
    "not ASCII": lambda _service: "é.ü.ñ",
    "empty": lambda _service: "",
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_a_bad_token_opens_no_session(roomy: WidgetService, make: Make) -> None:
    token = make(roomy)
    own = roomy.widget
    with roomy.api() as api:
        response = api.post("/widget/v1/session", json=roomy.knock(own, token=token))
    assert response.status_code == 401, response.text
    assert response.json()["code"] == "invalid_identity"
    assert "log says why" in response.json()["detail"]


def test_a_good_token_makes_the_widgets_audience_and_no_more(roomy: WidgetService) -> None:
    visit = roomy.visit(token=roomy.signed(tenant="other", audience="agent", roles=["operator"]))
    assert (visit["identified"], visit["audience"]) == (True, "partner")
    assert visit["expires_in_s"] <= 1800
    public = roomy.new_widget(audience="public")
    key = roomy.new_key(public)
    token = jwt.encode(roomy.claims(aud=public), key["secret"], "HS256", headers={"kid": key["kid"]})
    assert roomy.visit(public, token=token)["audience"] == "public"


def test_the_same_subject_is_the_same_visitor_and_stays_a_pseudonym(roomy: WidgetService) -> None:
    one, same, other = (roomy.visit(token=roomy.signed(sub=sub)) for sub in ("kim@example.com",) * 2 + ("ann",))
    assert one["visitor"] == same["visitor"] != other["visitor"]
    assert b"kim@example.com" not in roomy.database.read_bytes()


def test_an_ed25519_key_verifies(roomy: WidgetService) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    widget = roomy.new_widget()
    key = roomy.new_key(widget, algorithm="EdDSA", public_key=pem)
    assert key["secret"] is None
    token = jwt.encode(roomy.claims(aud=widget), private, "EdDSA", headers={"kid": key["kid"]})
    assert roomy.visit(widget, token=token)["identified"] is True


def test_a_rotated_key_verifies_a_while_and_a_revoked_one_not_at_all(roomy: WidgetService) -> None:
    widget = roomy.new_widget()
    old, new = roomy.new_key(widget), roomy.new_key(widget)
    shown = roomy.call("GET", f"/v1/widgets/{widget}")["keys"]
    assert [(key["kid"], key["retires_at"] is None) for key in shown] == [(new["kid"], True), (old["kid"], False)]
    assert all(key["secret"] is None for key in shown)

    def token(key: dict[str, Any]) -> str:
        return jwt.encode(roomy.claims(aud=widget), key["secret"], "HS256", headers={"kid": key["kid"]})

    assert roomy.visit(widget, token=token(old))["identified"]
    roomy.call("DELETE", f"/v1/widgets/{widget}/keys/{old['kid']}")
    with roomy.api() as api:
        assert api.post("/widget/v1/session", json=roomy.knock(widget, token=token(old))).status_code == 401
    assert roomy.visit(widget, token=token(new))["identified"]


def test_no_secret_of_a_key_or_session_lies_readable_in_the_database(roomy: WidgetService) -> None:
    secret = roomy.visit()["token"].rsplit(".", 1)[1]
    files = roomy.database.parent.glob("copilot.db*")
    stored = b"".join(file.read_bytes() for file in files)
    assert roomy.widget.encode() in stored
    assert roomy.secret.encode() not in stored
    assert secret.encode() not in stored


@pytest.mark.parametrize(
    "body",
    [
        {"algorithm": "none"},
        {"algorithm": "RS256"},
        {"algorithm": "EdDSA"},
        {"algorithm": "EdDSA", "public_key": "-----BEGIN PUBLIC KEY-----"},
        {"algorithm": "HS256", "public_key": "secret"},
        {"issuer": ""},
    ],
)
def test_what_is_no_key_is_refused(roomy: WidgetService, body: dict[str, str]) -> None:
    with roomy.api(roomy.admin) as api:
        response = api.post(f"/v1/widgets/{roomy.widget}/keys", json={"issuer": ISSUER, **body})
    assert (response.status_code, response.json()["code"] in ("invalid_key", "invalid_request")) == (422, True)
