"""Other people's words, code, pictures and HTML, made safe to stand in a page.

What comes out of here holds no script, no event handler, no form, no frame, and no address outside the page.
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bleach
from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter
from markupsafe import Markup, escape
from nbconvert.filters.ansi import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

Token = dict[str, Any]
MOST_MARKDOWN, MOST_CODE, MOST_PRINTED = 100_000, 100_000, 20_000  # characters; beyond, plain text or cut
MOST_PICTURE = 6_000_000  # bytes
PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]+")
KINDS = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif"}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
COLOURED = re.compile(r"highlight|language-\w+|[a-z][a-z0-9]?")  # the classes that Pygments writes

WORDS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "b", "i", "u", "s", "del", "ins", "sub", "sup"),
    *("small", "mark", "abbr", "code", "pre", "kbd", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "a", "img", "figure"),
    *("figcaption", "table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "div", "span"),
}
ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}, "td": {"align"}, "th": {"align", "scope"}}
VERDICT = {"div", "p", "b", "code", "pre", "table", "caption", "tbody", "tr", "td", "th", "details", "summary", "span"}
STYLES = (  # none of them takes an address
    *("border", "border-left", "border-collapse", "caption-side", "display", "flex-wrap", "font-family", "font-size"),
    *("font-weight", "gap", "line-height", "margin", "max-width", "opacity", "outline", "outline-offset", "overflow-x"),
    *("padding", "text-align", "width"),
)


def plain(text: str, most: int = MOST_PRINTED) -> str:
    """Without colour codes and control characters, and cut; it still has to be escaped."""
    text = CONTROL.sub("", strip_ansi(text).encode("utf-8", "replace").decode())
    return text if len(text) <= most else f"{text[:most]}\n[the rest was cut off]"


def words(markdown: str, folder: Path | None = None, attachments: dict[str, Any] | None = None) -> Markup:
    """Markdown as HTML. Pictures come from `attachments` or from files in `folder`, links become text."""
    if len(markdown) > MOST_MARKDOWN:
        return Markup("<pre>{}</pre>").format(plain(markdown))
    if folder is None and not attachments:
        return _alone_words(markdown)
    return _words(markdown, folder, attachments or {})


@functools.lru_cache(maxsize=2048)  # a class reads the same lesson
def _alone_words(markdown: str) -> Markup:
    return _words(markdown, None, {})


def _words(markdown: str, folder: Path | None, attachments: dict[str, Any]) -> Markup:
    renderer = IPythonRenderer(escape=False, attachments=attachments, embed_images=False, exclude_anchor_links=True)
    cleaner = bleach.Cleaner(
        tags=WORDS,
        attributes=_may_stand,
        protocols={"http", "https", "mailto", "data"},
        filters=[functools.partial(_Alone, folder=folder)],
    )
    try:
        return Markup(cleaner.clean(MarkdownWithMath(renderer=renderer).render(plain(markdown, MOST_MARKDOWN))))
    except Exception:  # a missing attachment, too deep a nesting: whatever a student may write, the page is made
        return Markup("<pre>{}</pre>").format(plain(markdown))


def _may_stand(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return all(COLOURED.fullmatch(one) for one in value.split())
    return name in ATTRIBUTES.get(tag, ())


class _Alone(Filter):
    """A link keeps its words and says where it led; a picture is put into the page, or its text takes its place."""

    def __init__(self, source: Any, folder: Path | None) -> None:
        super().__init__(source)
        self.folder = folder

    def __iter__(self) -> Iterator[Token]:
        address = said = ""
        for token in super().__iter__():
            match token["type"], token.get("name"):
                case "StartTag", "a":
                    address, said = token["data"].pop((None, "href"), ""), ""
                case "EndTag", "a":
                    if address.startswith(("http://", "https://", "mailto:")) and address.removeprefix("mailto:") not in said:
                        yield {"type": "Characters", "data": f" ({address})"}
                    address = ""
                case "EmptyTag" | "StartTag", "img":
                    token = self._picture(token)
                case "Characters" | "SpaceCharacters", _:
                    said += token["data"]
            yield token

    def _picture(self, token: Token) -> Token:
        source = token["data"].get((None, "src"), "")
        found = source if PICTURE.fullmatch(source) else _file(self.folder, source)
        if found is None:
            return {"type": "Characters", "data": f"[picture: {token['data'].get((None, 'alt')) or 'not shown'}]"}
        token["data"] = {(None, "src"): found, (None, "alt"): token["data"].get((None, "alt"), "")}
        return token


def _file(folder: Path | None, name: str) -> str | None:
    """A picture that lies in the notebook's folder, as an address that holds it."""
    kind = KINDS.get(Path(name).suffix.lower())
    if folder is None or kind is None or "\0" in name:
        return None
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file() or path.stat().st_size > MOST_PICTURE:
        return None
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def verdict(html: str) -> Markup:
    """What a test has shown as HTML, of which the judge's findings survive as they are."""
    cleaner = bleach.Cleaner(
        tags=VERDICT,
        attributes={"*": ["style"], "td": ["style", "aria-label"], "th": ["style", "scope"]},
        css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
    )
    try:
        return Markup(cleaner.clean(plain(html, MOST_CODE)))
    except RecursionError:
        return Markup("<pre>{}</pre>").format(plain(html))


def picture(kind: str, data: str, alt: str) -> Markup | None:
    """An output of the type `kind` (image/png, image/jpeg, image/gif) in base64; None where it is none."""
    source = f"data:{kind};base64,{''.join(data.split())}"
    return Markup('<img src="{}" alt="{}">').format(source, plain(alt, 2000)) if PICTURE.fullmatch(source) else None


@functools.lru_cache(maxsize=2048)
def code(source: str, language: str = "python") -> Markup:
    """Code with its words marked by the classes of Pygments."""
    source = plain(source, MOST_CODE)
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return escape(source)
    return Markup(highlight(source, lexer, HtmlFormatter(nowrap=True)))


def colours() -> str:
    """The style sheet for `code`."""
    return str(HtmlFormatter(style="default").get_style_defs("pre"))

