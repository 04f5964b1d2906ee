"""Git repositories over HTTP on the loopback, served by Git's own `http-backend`; with a password, and with a redirect trap."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(slots=True)
class GitServer:
    """`url` is of the folder that holds the repositories. Set `password` to ask for one, `redirect` to send everybody there.
    `seen` are the paths asked for, `sent` the bytes answered."""

    url: str
    port: int
    password: str | None = None
    redirect: str | None = None
    seen: list[str] = field(default_factory=list)
    sent: int = 0


@contextmanager
def git_server(root: Path) -> Iterator[GitServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.seen.append(self.path)
            if server.redirect:
                self.send_response(302)
                self.send_header("Location", server.redirect + self.path)
                self.end_headers()
            elif server.password is not None and not self._knows(server.password):
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._answer()

        do_POST = do_GET

        def _knows(self, password: str) -> bool:
            wanted = base64.b64encode(f"git:{password}".encode()).decode()
            return self.headers.get("Authorization") == f"Basic {wanted}"

        def _answer(self) -> None:
            path, _, query = self.path.partition("?")
            environment = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_NOSYSTEM": "1",
                "HOME": str(root),
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            done = subprocess.run(
                ["git", "http-backend"], input=body, env=environment, capture_output=True, check=False, timeout=60
            )
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            server.sent += len(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
            """Silent."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = int(http.server_address[1])
    server = GitServer(f"http://127.0.0.1:{port}", port)
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
