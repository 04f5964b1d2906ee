"""Places that documents come from, each kind behind the same few words: write, remove, and what an unchanged sync may cost."""

from __future__ import annotations

import html
import io
import os
import re
import subprocess
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.servers.git_http import GitServer
from tests.servers.s3 import S3Server
from tests.servers.site import WebSite

Json = dict[str, Any]


class Place(Protocol):
    """`source` is the body that adds it; documents are named without their ending. Changes count from `save` on."""

    source: Json

    def path(self, name: str) -> str:
        """Of the document, once it is taken in."""
        ...

    def write(self, name: str, text: str) -> None: ...

    def remove(self, name: str) -> None: ...

    def save(self) -> None: ...

    def listen(self) -> None:
        """Forget what was asked so far."""
        ...

    def check_heads_only(self, count: int) -> None:
        """Fails where a sync of `count` unchanged documents asked for more than their heads."""
        ...


@dataclass(slots=True)
class Folder:
    root: Path
    source: Json = field(init=False)

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.source = {"kind": "files", "uri": str(self.root)}

    def path(self, name: str) -> str:
        return f"{name}.md"

    def write(self, name: str, text: str) -> None:
        (self.root / f"{name}.md").write_text(text, "utf-8")

    def remove(self, name: str) -> None:
        (self.root / f"{name}.md").unlink()

    def save(self) -> None:
        """A folder is as it is."""

    def listen(self) -> None:
        """Reading sets a file's time of access back; a stat does not."""
        for file in self.root.iterdir():
            os.utime(file, ns=(0, file.stat().st_mtime_ns))

    def check_heads_only(self, count: int) -> None:
        """Where the disk notes accesses at all."""


@dataclass(slots=True)
class GitPlace(Folder):
    """A repository, by its folder or by `server`."""

    server: GitServer | None = None
    password: str = ""

    def __post_init__(self) -> None:
        Folder.__post_init__(self)
        self._git("init", "--quiet", "--initial-branch=main")
        self._git("config", "uploadpack.allowFilter", "true")
        self.source = {"kind": "git", "uri": str(self.root), "config": {"branch": "main", "folder": "docs"}}
        if self.server is not None:
            self.source |= {
                "uri": f"{self.server.url}/{self.root.name}/.git",
                "credentials": {"password": self.password},
            }
        self.root = self.root / "docs"
        self.root.mkdir()

    def save(self) -> None:
        self._git("add", "--all")
        self._git("-c", "user.name=A", "-c", "user.email=a@example.invalid", "commit", "--quiet", "--message=change")

    def listen(self) -> None:
        if self.server is not None:
            self.server.seen.clear()
            self.server.sent = 0

    def check_heads_only(self, count: int) -> None:
        """Names are asked for, and no objects."""
        if self.server is not None:
            assert self.server.sent < 5000, self.server.sent
            assert len(self.server.seen) <= 8, self.server.seen

    def _git(self, *words: str) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", *words], cwd=self.root, env=environment, check=True, capture_output=True)


@dataclass(slots=True)
class ZipPlace:
    """A ZIP on the disk."""

    file: Path
    source: Json = field(init=False)
    members: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.source = {"kind": "archive", "uri": str(self.file)}

    def path(self, name: str) -> str:
        return f"{name}.md"

    def write(self, name: str, text: str) -> None:
        self.members[name] = text

    def remove(self, name: str) -> None:
        del self.members[name]

    def save(self) -> None:
        self.file.write_bytes(zipped({self.path(name): text for name, text in self.members.items()}))

    def listen(self) -> None:
        """A disk counts nothing."""

    def check_heads_only(self, count: int) -> None:
        """As above."""


def zipped(members: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


@dataclass(slots=True)
class Site:
    """A site with a sitemap, rules for robots and traps: redirects to `vault`, which no source may reach."""

    site: WebSite
    vault: WebSite
    source: Json = field(init=False)
    pages: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.source = {"kind": "web", "uri": self.site.url, "config": {"mode": "sitemap", "delay_s": 0}}
        self.vault.fallback = None
        self.vault.page("/secret", "<h1>Vault</h1><p>The vault's combination is 7-7-7.</p>")
        self.site.robots(f"User-agent: *\nDisallow: /internal/\nSitemap: {self.site.url}/sitemap.xml\n")
        self.site.page("/", "<h1>Manual</h1>")
        self.site.page("/internal/plans", "<h1>Plans</h1><p>The internal plans are for nobody.</p>")
        self.site.redirect("/trap", f"{self.vault.url}/secret")
        self.site.redirect("/metadata", "http://169.254.169.254/latest/meta-data/")

    def path(self, name: str) -> str:
        return f"{name}.html"

    def write(self, name: str, text: str) -> None:
        self.pages.add(name)
        self.site.page(f"/{name}", as_html(text))

    def remove(self, name: str) -> None:
        self.pages.discard(name)
        self.site.status(f"/{name}", 404)

    def save(self) -> None:
        traps = ("/internal/plans", "/trap", "/metadata", f"{self.vault.url}/secret")
        self.site.sitemap(*sorted(f"/{name}" for name in self.pages), *traps)

    def listen(self) -> None:
        self.site.requests.clear()

    def check_heads_only(self, count: int) -> None:
        traps = ("/trap", "/metadata")
        read = {path for path in self.site.asked("GET") if path not in traps}
        heads = [path for path in self.site.asked("HEAD") if path not in traps]
        assert (read, len(heads)) == ({"/robots.txt", "/sitemap.xml"}, count), self.site.asked()


def as_html(text: str) -> str:
    """Of Markdown that knows headings and paragraphs."""
    out = []
    for block in text.split("\n\n"):
        marks, _, words = block.partition(" ")
        level = len(marks) if re.fullmatch("#+", marks) else 0
        out.append(f"<h{level}>{html.escape(words)}</h{level}>" if level else f"<p>{html.escape(block)}</p>")
    return "\n".join(out)


@dataclass(slots=True)
class Bucket:
    server: S3Server
    bucket: str
    secret: str
    source: Json = field(init=False)

    def __post_init__(self) -> None:
        self.server.make_bucket(self.bucket)
        self.source = {
            "kind": "bucket",
            "uri": f"s3://{self.bucket}/handbook",
            "config": {"endpoint_url": self.server.url, "region": "us-east-1"},
            "credentials": {"key": "anybody", "secret": self.secret},
        }

    def path(self, name: str) -> str:
        return f"{name}.md"

    def write(self, name: str, text: str) -> None:
        self.server.put(self.bucket, f"handbook/{name}.md", text.encode())

    def remove(self, name: str) -> None:
        self.server.delete(self.bucket, f"handbook/{name}.md")

    def save(self) -> None:
        """A bucket is as it is."""

    def listen(self) -> None:
        self.server.forget()

    def check_heads_only(self, count: int) -> None:
        """The listing holds the heads."""
        [request] = self.server.asked(self.bucket)
        assert "list-type=2" in request
