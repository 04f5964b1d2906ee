"""A real web site on the loopback: pages with ETags, a sitemap, robots.txt, redirects, and the traps that crawlers meet."""

from __future__ import annotations

import hashlib
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    at: float


@dataclass(slots=True)
class Answer:
    """What is sent. `drip_s` is the pause after each byte; `endless` repeats the body until the client leaves; without `length`
    the end of the connection ends the body."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip_s: float = 0.0
    wait_s: float = 0.0
    endless: bool = False
    length: bool = True
    raw: bytes | None = None


Dynamic = Callable[[Asked], Answer]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave in the middle of an answer, or of a handshake, are what these tests are about."""


class WebSite:
    """`with WebSite() as site: site.page("/guide", "<h1>Guide</h1>")` → `site.url`, then `site.requests`."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer | Dynamic] = {}
        self.fallback: Dynamic | None = None
        self.requests: list[Asked] = []
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.port: int = self._server.server_port
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"

    def __enter__(self) -> WebSite:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def page(self, path: str, html: str, **headers: str) -> None:
        """A page with an ETag of its content; keywords are further headers (`x_robots_tag="noindex"`)."""
        body = f"<!doctype html><html><body>{html}</body></html>".encode()
        self.file(path, body, "text/html; charset=utf-8", **headers)

    def file(self, path: str, body: bytes, content_type: str, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        self.answers[path] = Answer(body, headers={"content-type": content_type, "etag": etag, **named})

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        self.answers[path] = Answer(status=status, headers={"location": target})

    def status(self, path: str, status: int, **headers: str) -> None:
        self.answers[path] = Answer(b"no", status, {name.replace("_", "-"): value for name, value in headers.items()})

    def robots(self, text: str) -> None:
        self.answers["/robots.txt"] = Answer(text.encode(), headers={"content-type": "text/plain"})

    def sitemap(self, *urls: str, path: str = "/sitemap.xml") -> None:
        """Of paths of this site, or of whole URLs; each with the date of today."""
        today = time.strftime("%Y-%m-%d")
        entries = "".join(f"<url><loc>{self.absolute(url)}</loc><lastmod>{today}</lastmod></url>" for url in urls)
        xml = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</urlset>'
        self.file(path, xml.encode(), "application/xml")

    def absolute(self, url: str) -> str:
        return self.url + url if url.startswith("/") else url

    def asked(self, method: str | None = None) -> list[str]:
        """Paths in the order of their requests."""
        return [request.path for request in self.requests if method in (None, request.method)]

    def _answer(self, asked: Asked) -> Answer:
        found = self.answers.get(asked.path) or self.fallback or Answer(b"not here", 404)
        answer = found if isinstance(found, Answer) else found(asked)
        etag = answer.headers.get("etag")
        if etag is not None and asked.headers.get("if-none-match") == etag:
            return Answer(status=304, headers={"etag": etag})
        return answer

    def _enter(self, step: int) -> None:
        with self._lock:
            self._now += step
            self.most_at_once = max(self.most_at_once, self._now)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path, headers, time.monotonic())
                site.requests.append(asked)
                site._enter(1)
                try:
                    self._send(site._answer(asked))
                except (ConnectionError, TimeoutError):
                    self.close_connection = True
                finally:
                    site._enter(-1)

            do_HEAD = do_GET

            def _send(self, answer: Answer) -> None:
                time.sleep(answer.wait_s)
                if answer.raw is not None:
                    self.close_connection = True
                    self.wfile.write(answer.raw)
                    return
                self.send_response_only(answer.status)
                self.send_header("date", formatdate(usegmt=True))
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.length and not answer.endless:
                    if answer.status != 304 and "content-length" not in answer.headers:
                        self.send_header("content-length", str(len(answer.body)))
                else:
                    self.send_header("connection", "close")
                    self.close_connection = True
                self.end_headers()
                if self.command != "HEAD":
                    self._send_body(answer)

            def _send_body(self, answer: Answer) -> None:
                if answer.drip_s:
                    for byte in answer.body:
                        self.wfile.write(bytes((byte,)))
                        time.sleep(answer.drip_s)
                    return
                self.wfile.write(answer.body)
                while answer.endless:
                    self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                return None

        return Handler


def manual_site(site: WebSite) -> list[str]:
    """A small manual with what real sites hold: a sitemap, rules for robots, a redirect to a private address (the trap), a page
    that is gone, and one that asks not to be indexed. Returns the paths of the documents that a sync must find."""
    site.robots(f"User-agent: *\nDisallow: /internal/\nAllow: /internal/faq\nSitemap: {site.url}/sitemap.xml\n")
    pages = {
        "/": ("Manual", ["/guide/", "/guide/install", "/internal/secret", "/trap", "/gone", "/draft"]),
        "/guide/": ("Guide", ["install", "upgrade?utm_source=mail", "../internal/faq", "#top"]),
        "/guide/install": ("Install", ["/guide/upgrade", "/moved"]),
        "/guide/upgrade": ("Upgrade", ["/"]),
        "/internal/secret": ("Secret", []),
        "/internal/faq": ("Questions", []),
    }
    for path, (title, links) in pages.items():
        anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
        site.page(path, f"<h1>{title}</h1><p>{title} of the product, in one paragraph.</p>{anchors}")
    site.page("/draft", '<meta name="robots" content="noindex"><h1>Draft</h1>', x_robots_tag="noindex")
    site.redirect("/moved", "/guide/upgrade", 301)
    site.redirect("/trap", "http://169.254.169.254/latest/meta-data/")
    site.sitemap(*pages, "/draft", "/moved", "/trap", "/gone", "https://elsewhere.example/page")
    return ["guide/index.html", "guide/install.html", "guide/upgrade.html", "index.html", "internal/faq.html"]
