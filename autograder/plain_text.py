"""Text that a student wrote, made safe to stand in a terminal, in a database and in Markdown.

A terminal obeys escape sequences (window title, clipboard, cursor), a database takes no lone surrogates, and formgrader
renders Markdown without a sanitizer. Pages are made safe by `feedback.sanitize`.
"""

from __future__ import annotations

import re

# Control characters but for tab and newline, and those that turn the direction of writing.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ESCAPE_SEQUENCE = re.compile(
    r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC: window title, clipboard
    r"|[PX^_][^\x1b]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    r"|\[[0-?]*[ -/]*[@-~]?"  # CSI: cursor, colours, clearing
    r"|[ -/]*[0-~]?)"
)
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#|\w{1,40};)")
_SPACED = r"[\s\\\x00-\x20]*"
_SCHEMES = "|".join(_SPACED.join(scheme) for scheme in ("javascript", "vbscript", "livescript", "data", "file"))
_SCRIPT_SCHEME = re.compile(rf"({_SCHEMES}){_SPACED}:", re.IGNORECASE)
# In a macro the scheme may come as an argument: `\def\f#1{\href{#1:alert(1)}{x}}\f{javascript}`. So a link has to begin plainly.
_LATEX_LINK = re.compile(r"\\(href(?![A-Za-z])(?!\s*\{\s*(?:https?://|mailto:))|mmlToken(?![A-Za-z]))")
_CELL_NAME = re.compile(r"\(<ipython-input[^>]{1,80}>, (?=line)")  # IPython's name of a cell, in the text of a SyntaxError
_FORMULA = re.compile(r"((?:^|[;\t\r\n])\s*)([=@\uff1d\uff20]|[-+\uff0b\uff0d](?=.))")  # the wide ones too, as Excel does
_JOINER = "\u2060"  # WORD JOINER: has no width, and ends a tag, an entity and a scheme for every parser


def without_cell_names(text: str) -> str:
    """An error's text without the names by which IPython calls cells, which nobody knows."""
    return _CELL_NAME.sub("(", text)


def plain(text: str, most: int = 20_000) -> str:
    """`text` without escape sequences and control characters, encodable as UTF-8, cut after `most` characters."""
    text = _CONTROL.sub("", _ESCAPE_SEQUENCE.sub("", text[: 4 * most])).encode("utf-8", "replace").decode()
    return text if len(text) <= most else f"{text[:most]} ..."


def plain_line(text: str, most: int = 2_000) -> str:
    """`plain` text on one line, so that it can't look like a line of ours."""
    return " ".join(plain(text, most).split())


def inert_markdown(source: str) -> str:
    """Markdown that reads the same and can hold neither HTML nor a link that runs a script.

    What would start a tag, an entity or such a link gets an invisible character after its first sign. In code it is as
    invisible; whether a parser sees code there need not be known.
    """
    source = _CONTROL.sub("", source.encode("utf-8", "replace").decode())
    return inert_links(_ENTITY.sub(f"&{_JOINER}", _TAG.sub(f"<{_JOINER}", source)))


def inert_links(text: str) -> str:
    """The same text, in which no link runs a script: a formula in LaTeX may hold one."""
    return _LATEX_LINK.sub(rf"\\{_JOINER}\1", _SCRIPT_SCHEME.sub(rf"\1{_JOINER}:", text))


def spreadsheet_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: students choose names of folders and files, and perhaps their own.

    What stands behind a semicolon, a tab or a line's end may become a cell of its own, by the spreadsheet's language.
    """
    return text if _is_number(text) else _FORMULA.sub(r"\1'\2", text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
