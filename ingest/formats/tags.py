"""HTML tags by what they do to text."""

from lxml.html import defs

# fmt: off
DROPPED = frozenset((
    "script", "style", "noscript", "template", "nav", "footer", "iframe", "object", "embed", "applet", "audio",
    "video", "canvas", "svg", "math", "head", "button", "select", "textarea", "input", "datalist", "dialog",
    "map", "area", "img", "picture", "source",
))
"""What a reader of the page does not read as its content, or cannot see."""

BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "form", "header", "hgroup", "hr", "html", "legend", "li", "main",
    "menu", "ol", "p", "section", "summary", "ul", "table", "tbody", "thead", "tfoot", "tr", "td", "th",
    "caption", "pre",
))
"""Tags that begin and end a paragraph."""
FURNITURE_ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "complementary", "dialog", "alertdialog"))
"""ARIA roles of what surrounds the content of a page."""

FURNITURE_NAMES = frozenset((
    "breadcrumb", "breadcrumbs", "cookie-banner", "cookie-consent", "cookie-notice", "footer", "nav", "navbar",
    "navigation", "onetrust-consent-sdk", "page-footer", "pagination", "sidebar", "site-footer", "site-header",
    "site-nav", "skip-link", "skip-to-content", "table-of-contents", "toc",
))
"""Classes and ids that page templates give to the same."""
# fmt: on

KNOWN = frozenset(defs.tags) | DROPPED | BLOCKS
"""Every tag that HTML has, old ones included."""
