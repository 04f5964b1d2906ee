"""One spelling for each page of a site, which URLs belong to the site, and the path that a page is known by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from operator import itemgetter
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

import httpx

from core.errors import DocumentError
from ingest.sources.http import checked_url

_DOCUMENT = re.compile(r"\.(html?|md|markdown|txt|text|csv|xls[xm]|doc[xm]|ppt[xm]|eml|msg|pdf|json)")
"""Endings that a path keeps, since the parser goes by them. Anything else is taken for a page."""
_PAGE = re.compile(r"\.html?")
_ASSET = re.compile(
    r"\.(png|jpe?g|gif|svg|webp|avif|ico|bmp|tiff?|css|m?js|map|woff2?|ttf|otf|eot|mp[34]|webm|ogg|wav|avi|mov"
    r"|zip|t?gz|tar|bz2|xz|7z|rar|jar|whl|exe|msi|dmg|deb|rpm|iso|apk|bin|xml|rss|atom|ics|ya?ml)"
)
_TRACKING = re.compile(
    r"utm_\w+|gclid|gclsrc|dclid|fbclid|msclkid|yclid|igshid|mc_[ce]id|mkt_tok|_hs(enc|mi)|hsctatracking|_ga|_gl"
    r"|phpsessid|jsessionid|aspsessionid\w*|sessionid|cfid|cftoken",
    re.IGNORECASE,
)
_SESSION = re.compile(r";jsessionid=[^/?#]*", re.IGNORECASE)
_ODD = re.compile(r"[^\w.,=+@ ()~-]")
_ODD_START = re.compile(r"^[.~ ]+")
_MAX_SEGMENTS = 20
_MAX_REPEATS = 3
"""A folder named four times in one path is what a relative link that never arrives looks like."""
_LONGEST_SEGMENT = 120
_LONGEST_PATH = 600


def canonical(url: str, base: str | None = None) -> str:
    """One spelling of `url`, resolved against `base`: no fragment, default port, dot segments, tracking parameters or needless
    escapes; parameters sorted. Raises `FetchError` (`invalid_url`)."""
    parsed = checked_url(_resolved(url.strip(), base))
    port = parsed.port if parsed.port not in (None, {"http": 80, "https": 443}[parsed.scheme]) else None
    host = parsed.raw_host.decode("ascii").lower().removesuffix(".")
    authority = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    path, _, query = parsed.raw_path.decode("ascii").partition("?")
    query = _query(query)
    return f"{parsed.scheme}://{authority}{_path(path)}" + (f"?{query}" if query else "")


def _resolved(url: str, base: str | None) -> str:
    if base is None:
        return url
    try:
        return str(httpx.URL(base).join(url))
    except (httpx.InvalidURL, ValueError, UnicodeError):
        return ""  # what cannot be joined cannot be fetched: refused by `checked_url`


def _path(path: str) -> str:
    kept: list[str] = []
    segments = _SESSION.sub("", path).split("/")[1:]
    for segment in segments:
        plain = _normal(segment)
        if plain == "..":
            del kept[-1:]
        elif plain != ".":
            kept.append(plain)
    if segments and _normal(segments[-1]) in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _normal(segment: str) -> str:
    """Escapes in capitals, and only where they are needed; an escaped slash or byte that is no UTF-8 keeps its meaning."""
    try:
        return "%2F".join(quote(unquote(part, errors="strict"), safe="!$&'()*+,;=:@~") for part in _slashed(segment))
    except UnicodeDecodeError:
        return re.sub("%[0-9a-fA-F]{2}", lambda match: match.group().upper(), segment)


def _slashed(segment: str) -> list[str]:
    return re.split("%2f", segment, flags=re.IGNORECASE)


def _query(query: str) -> str:
    """Pieces as they came, since ``?page`` and ``?page=`` may differ."""
    named = [(unquote(piece.partition("=")[0]), piece) for piece in query.split("&") if piece]
    return "&".join(piece for name, piece in sorted(named, key=itemgetter(0)) if not _TRACKING.fullmatch(name))


def page_key(url: str) -> str:
    """Without the scheme: http and https of one address are one page."""
    return url.partition("://")[2]


def is_trap(url: str) -> bool:
    """Paths that links without an end produce: too many folders, or the same one again and again."""
    segments = [segment for segment in httpx.URL(url).path.split("/") if segment]
    return len(segments) > _MAX_SEGMENTS or any(segments.count(segment) > _MAX_REPEATS for segment in set(segments))


@dataclass(frozen=True, slots=True)
class Site:
    """The pages that a source may read: those of one host, below the `include` prefixes and not below the `exclude` ones."""

    start: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def holds(self, url: str) -> bool:
        """Whether a canonical URL is of this host; both schemes are, on their own ports."""
        mine, other = httpx.URL(self.start), httpx.URL(url)
        return mine.raw_host == other.raw_host and mine.port == other.port

    def wants(self, url: str) -> bool:
        """Whether a canonical URL is one of the pages asked for."""
        path = httpx.URL(url).raw_path.decode("ascii")
        if not self.holds(url) or _ASSET.fullmatch(suffix(url)) or path.startswith(self.exclude):
            return False
        return not self.include or path.startswith(self.include)

    def base(self, stated: str, url: str) -> str:
        """What the links of the page at `url` are relative to, where it states a `<base>`."""
        try:
            return canonical(stated, url) if stated else url
        except DocumentError:
            return url

    def links(self, found: list[str], base: str) -> list[str]:
        """Of hrefs found on a page those that lead to wanted pages, canonical, sorted, each once."""
        return sorted({url for href in found if (url := self.page(href, base)) is not None})

    def page(self, href: str, base: str | None = None) -> str | None:
        """The canonical URL of a wanted page, `None` for anything else."""
        try:
            url = canonical(href, base)
        except DocumentError:
            return None
        return url if self.wants(url) and not is_trap(url) else None


def suffix(url: str) -> str:
    return PurePosixPath(httpx.URL(url).path).suffix.lower()


def is_page(url: str) -> bool:
    """Whether HTML is expected there, rather than a file of another format."""
    return not _DOCUMENT.fullmatch(suffix(url)) or _PAGE.fullmatch(suffix(url)) is not None


def item_path(url: str) -> str:
    """The path of the document at a canonical URL: relative, safe as a file's, and with an ending that the parser knows:
    ``guide/install.html`` for ``/guide/install``. It depends on the URL alone, so that a page keeps it while it fails."""
    parsed = httpx.URL(url)
    raw = parsed.raw_path.decode("ascii").partition("?")[0]
    segments = [unquote(segment) for segment in raw.removeprefix("/").split("/")]
    *folders, last = [segment for segment in segments[:-1] if segment] + [segments[-1] or "index"]
    name = PurePosixPath(last)
    stem, ending = (
        (last[: -len(name.suffix)], name.suffix) if _DOCUMENT.fullmatch(name.suffix.lower()) else (last, ".html")
    )
    query = parsed.query.decode("ascii")
    if query:
        stem += f"@{unquote(query)}"
    safe = [_safe(segment) for segment in (*folders, stem)]
    path = "/".join(safe)[:_LONGEST_PATH].rstrip("/")
    changed = path != "/".join((*folders, stem)) or "" in segments[:-1]
    return f"{path}-{digest(url)}{ending}" if changed else path + ending


def digest(url: str) -> str:
    return sha256(page_key(url).encode()).hexdigest()[:10]


def _safe(segment: str) -> str:
    return _ODD_START.sub("_", _ODD.sub("_", segment))[:_LONGEST_SEGMENT].rstrip(". ") or "_"
