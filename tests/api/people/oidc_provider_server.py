"""An identity provider on the loopback: real discovery, keys, codes with PKCE, and tokens signed by a real key. What it says in a
token a test may change, to what a hostile or broken one would say."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "copilot", "the-client-secret"
Json = dict[str, Any]


@dataclass
class Person:
    sub: str = "subject-1"
    email: str = "ada@acme.example"
    email_verified: Any = True
    groups: Any = ()
    name: str = "Ada"


@dataclass
class IdentityProvider:
    """`person` is whoever is signed in there. `alter` changes the claims, `sign` replaces how they become a token."""

    url: str = ""
    person: Person = field(default_factory=Person)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "one"}))
    published: list[RSAKey] = field(default_factory=list)
    alter: Callable[[Json], Json] = dict
    sign: Callable[[Json], str] | None = None
    codes: dict[str, Json] = field(default_factory=dict)
    discovery: Json = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    seen: Json = field(default_factory=dict)
    """The last authorisation request's query."""

    @staticmethod
    def honest(claims: Json) -> Json:
        return claims

    def authorise(self, query: Json) -> str:
        """Where the browser is sent back to."""
        self.seen = query
        code = f"code-{len(self.codes) + 1}-{time.monotonic_ns()}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.url})}"

    def token(self, form: Json, credentials: str) -> tuple[int, Json]:
        """RFC 6749, 4.1.3, and RFC 7636: the code works once, for the client that asked, with the verifier."""
        asked = self.codes.pop(form.get("code", ""), None)
        expected = urlsafe_b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant"}
        if credentials != f"Basic {expected}":
            return 401, {"error": "invalid_client"}
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        at = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": at, "exp": at + 300, "nonce": nonce, **vars(self.person)}
        claims = self.alter({**claims, "groups": list(self.person.groups)})
        return self.sign(claims) if self.sign else self.signed(claims, self.key)

    def signed(self, claims: Json, key: Any, algorithm: str = "RS256", **header: str) -> str:
        return jwt.encode({"alg": algorithm, "kid": key.kid or "one", **header}, claims, key, algorithms=[algorithm])

    def metadata(self) -> Json:
        stated = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        return {**stated, **self.discovery}

    def keys(self) -> Json:
        return {"keys": [key.as_dict(private=False) for key in self.published or [self.key]]}


@contextmanager
def running_provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            provider.fetched.append(url.path)
            if url.path == "/authorize":
                query = {name: values[0] for name, values in parse_qs(url.query).items()}
                self.send_response(302)
                self.send_header("Location", provider.authorise(query))
                self.end_headers()
                return
            answers = {"/.well-known/openid-configuration": provider.metadata, "/keys": provider.keys}
            self._answer(*((200, answers[url.path]()) if url.path in answers else (404, {})))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*provider.token(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, body: Json) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
