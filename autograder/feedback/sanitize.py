"""Sanitizes foreign text, code, images and HTML, so that it can be part of a page.

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
MAX_MARKDOWN, MAX_CODE, MAX_PRINTED = 100_000, 100_000, 20_000  # characters; longer text is shown plain, or cut
MAX_IMAGE = 6_000_000  # bytes
MAX_IMAGES = 30_000_000  # bytes of the files that a page embeds, each as often as it is shown
IMAGE_DATA = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]+")
SUBTYPE_BY_ENDING = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif"}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
PYGMENTS_CLASS = re.compile(r"highlight|language-\w+|[a-z][a-z0-9]?")  # the classes that Pygments writes

MARKDOWN_TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "em", "strong", "b", "i", "u", "s", "del", "ins", "sub", "sup"),
    *("small", "mark", "abbr", "code", "pre", "kbd", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "a", "img", "figure"),
    *("figcaption", "table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "div", "span"),
}
ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}, "ol": {"start"}, "td": {"align"}, "th": {"align", "scope"}}
VERDICT_TAGS = {"div", "p", "b", "code", "pre", "table", "caption", "tbody", "tr", "td", "th", "details", "summary", "span"}
STYLES = (  # none of them takes an address
    *("border", "border-left", "border-collapse", "caption-side", "display", "flex-wrap", "font-family", "font-size"),
    *("font-weight", "gap", "line-height", "margin", "max-width", "opacity", "outline", "outline-offset", "overflow-x"),
    *("padding", "text-align", "width"),
)


def clean_text(text: str, limit: int = MAX_PRINTED) -> str:
    """Remove colour codes and control characters, and cut; the result still has to be escaped."""
    text = CONTROL.sub("", strip_ansi(text).encode("utf-8", "replace").decode())
    return text if len(text) <= limit else f"{text[:limit]}\n[the rest was cut off]"


class Pictures:
    """The pictures in a notebook's folder, and how much of them one page may still embed.

    A picture is named in ten characters and embedded in millions: a student could name one as often as a cell is long.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.room = folder, MAX_IMAGES

    def address(self, name: str) -> str | None:
        """A picture that lies in the folder, as an address that holds it; None where it can't be shown."""
        image_type = SUBTYPE_BY_ENDING.get(Path(name).suffix.lower())
        if image_type is None or "\0" in name:
            return None
        path, most = (self.folder / name).resolve(), min(MAX_IMAGE, self.room)
        if not path.is_relative_to(self.folder.resolve()) or not path.is_file() or path.stat().st_size > most:
            return None
        content = path.read_bytes()
        self.room -= len(content)
        return f"data:image/{image_type};base64,{base64.b64encode(content).decode()}"


def render_markdown(markdown: str, pictures: Pictures | None = None, attachments: dict[str, Any] | None = None) -> Markup:
    """Convert Markdown to sanitized HTML. Pictures come from `attachments` or from files, links become text."""
    if len(markdown) > MAX_MARKDOWN:
        return Markup("<pre>{}</pre>").format(clean_text(markdown))
    if pictures is None and not attachments:
        return _cached_markdown(markdown)
    return _markdown(markdown, pictures, attachments or {})


@functools.lru_cache(maxsize=2048)  # a class reads the same lesson
def _cached_markdown(markdown: str) -> Markup:
    return _markdown(markdown, None, {})


def _markdown(markdown: str, pictures: Pictures | None, attachments: dict[str, Any]) -> Markup:
    renderer = IPythonRenderer(escape=False, attachments=attachments, embed_images=False, exclude_anchor_links=True)
    cleaner = bleach.Cleaner(
        tags=MARKDOWN_TAGS,
        attributes=_attribute_allowed,
        protocols={"http", "https", "mailto", "data"},
        filters=[functools.partial(_StandaloneFilter, pictures=pictures)],
    )
    try:
        return Markup(cleaner.clean(MarkdownWithMath(renderer=renderer).render(clean_text(markdown, MAX_MARKDOWN))))
    except Exception:  # a missing attachment, too deep a nesting: whatever a student may write, the page is made
        return Markup("<pre>{}</pre>").format(clean_text(markdown))


def _attribute_allowed(tag: str, name: str, value: str) -> bool:
    if name == "class":
        return all(PYGMENTS_CLASS.fullmatch(name) for name in value.split())
    return name in ATTRIBUTES.get(tag, ())


class _StandaloneFilter(Filter):
    """Makes a page stand alone: a link becomes its text and address, an image is embedded or replaced by its text."""

    def __init__(self, source: Any, pictures: Pictures | None) -> None:
        super().__init__(source)
        self.pictures = pictures

    def __iter__(self) -> Iterator[Token]:
        address = link_text = ""
        for token in super().__iter__():
            match token["type"], token.get("name"):
                case "StartTag", "a":
                    address, link_text = token["data"].pop((None, "href"), ""), ""
                case "EndTag", "a":
                    named = address.removeprefix("mailto:") in link_text
                    if address.startswith(("http://", "https://", "mailto:")) and not named:
                        yield {"type": "Characters", "data": f" ({address})"}
                    address = ""
                case "EmptyTag" | "StartTag", "img":
                    token = self._picture(token)
                case "Characters" | "SpaceCharacters", _:
                    link_text += token["data"]
            yield token

    def _picture(self, token: Token) -> Token:
        source = token["data"].get((None, "src"), "")
        found = source if IMAGE_DATA.fullmatch(source) else None
        if found is None and self.pictures is not None:
            found = self.pictures.address(source)
        if found is None:
            return {"type": "Characters", "data": f"[picture: {token['data'].get((None, 'alt')) or 'not shown'}]"}
        token["data"] = {(None, "src"): found, (None, "alt"): token["data"].get((None, "alt"), "")}
        return token


def clean_verdict(html: str) -> Markup:
    """Sanitize the HTML that a test displayed; the judge's own findings stay as they are."""
    cleaner = bleach.Cleaner(
        tags=VERDICT_TAGS,
        attributes={"*": ["style"], "td": ["style", "aria-label"], "th": ["style", "scope"]},
        css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
    )
    try:
        return Markup(cleaner.clean(clean_text(html, MAX_CODE)))
    except RecursionError:
        return Markup("<pre>{}</pre>").format(clean_text(html))


def embedded_image(mime_type: str, data: str, alt: str) -> Markup | None:
    """An output of the type `mime_type` (image/png, image/jpeg, image/gif) in base64; None where it is none."""
    source = f"data:{mime_type};base64,{''.join(data.split())}"
    return Markup('<img src="{}" alt="{}">').format(source, clean_text(alt, 2000)) if IMAGE_DATA.fullmatch(source) else None


@functools.lru_cache(maxsize=2048)
def highlighted_code(source: str, language: str = "python") -> Markup:
    """Highlight code with the classes of Pygments."""
    source = clean_text(source, MAX_CODE)
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return escape(source)
    return Markup(highlight(source, lexer, HtmlFormatter(nowrap=True)))


def code_styles() -> str:
    """The style sheet of `highlighted_code`, for light and for dark screens."""
    light, dark = (HtmlFormatter(style=style).get_style_defs("pre") for style in ("default", "github-dark"))
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}"

