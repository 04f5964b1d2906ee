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
# fmt: on

KNOWN = frozenset(defs.tags) | DROPPED | BLOCKS
"""Every tag that HTML has, old ones included."""
