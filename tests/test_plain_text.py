"""What a student wrote can't steer a terminal, break a database, or run in formgrader's page."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from autograder.plain_text import inert_markdown, plain, plain_line, spreadsheet_cell, without_cell_names


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07ok", "ok"),
        ("\x1b]52;c;Y3VybA==\x1b\\ok", "ok"),
        ("\x1b[2J\x1b[1;1Hok\x1b[31m", "ok"),
        ("\x9b2Jok", "2Jok"),
        ("a\r\nb\nzzz: 7 of 7 points", "a b zzz: 7 of 7 points"),
        ("\ud800", "?"),
        ("‮evil⁦", "evil"),
        ("naïve 王小明 🙂 \t tab", "naïve 王小明 🙂 tab"),
    ],
)
def test_a_line_is_plain(text: str, shown: str) -> None:
    assert plain_line(text) == shown


@settings(deadline=None)
@given(st.text())
def test_no_text_holds_a_control_character_and_every_text_is_utf8(text: str) -> None:
    for made in (plain(text), plain_line(text), inert_markdown(text)):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", made)
        made.encode()
    assert "\n" not in plain_line(text)


def rendered(source: str) -> str:
    """As formgrader renders a Markdown cell."""
    return str(MarkdownWithMath(renderer=IPythonRenderer(escape=False, attachments={}, embed_images=False, exclude_anchor_links=True)).render(source))


PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<!-- --><iframe srcdoc='<script>1</script>'>",
    "<?php x ?><a href=javascript:alert(1)>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript\\:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](< javascript:alert(1)>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "![x](data:image/svg+xml;base64,PHN2Zy8+)",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    "$$\\href{javascript:alert(1)}{x}$$",
    "$\\def\\f#1{\\href{#1:alert(1)}{x}}\\f{javascript}$",
    "$\\href {\n java#1:alert(1)}{x}$",
    "$\\def\\f#1{\\mmlToken{mi}[href=\"#1:alert(1)\"]{x}}\\f{javascript}$",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "| a |\n|---|\n| <script>1</script> |",
]


def holds_script(page: str) -> bool:
    tags = re.findall(r"<\s*/?\s*([A-Za-z!?][^\s>/]*)", page)
    targets = [re.sub(r"[\s\x00-\x20]", "", html.unescape(one)).lower() for one in re.findall(r"(?:href|src)\s*=\s*[\"']?([^\"'>]*)", page)]
    return bool({"script", "img", "svg", "iframe", "!--", "?php"} & {tag.lower() for tag in tags if tag.lower() != "img"}) or any(
        target.startswith(("javascript:", "vbscript:", "data:", "file:")) for target in targets
    ) or ("onerror" in page and "<img src=x" in page) or re.search(r"\\href\s*\{(?!https?:)|\\mmlToken", page) is not None  # fmt: skip


def test_some_payloads_would_run_without_it() -> None:
    assert sum(holds_script(rendered(payload)) for payload in PAYLOADS) >= 8


@pytest.mark.parametrize("payload", PAYLOADS)
def test_markdown_of_a_students_holds_no_script(payload: str) -> None:
    assert not holds_script(rendered(inert_markdown(payload)))


@settings(deadline=None)
@given(st.lists(st.sampled_from([*PAYLOADS, "<", "&", "javascript", ":", "\\", "`", "\n\n", "[x](", ")", "<a href=", "a", " ", "#58;"]), max_size=8))
def test_no_mixture_of_them_does(parts: list[str]) -> None:
    assert not holds_script(rendered(inert_markdown("".join(parts))))


@pytest.mark.parametrize("text", ["$\\href{https://example.org}{x} \\hrefs$", "# Title\n\n*a* < b and b > 2, x<2, R&D & more", "- [link](https://example.org/a?b=1&c=2)\n\n> quote\n\n$x^2$\n\n`code`"])
def test_honest_markdown_reads_the_same(text: str) -> None:
    assert rendered(inert_markdown(text)).replace("\u2060", "") == rendered(text)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("'(' was never closed (<ipython-input-17-cac713ab5f8b>, line 1)", "'(' was never closed (line 1)"),
        ("expected (<3>, line 2)", "expected (<3>, line 2)"),
        ("", ""),
    ],
)
def test_an_error_does_not_name_a_cell_as_ipython_does(said: str, read: str) -> None:
    assert without_cell_names(said) == read


@pytest.mark.parametrize("text", ["=1+1", " =1", "\t=1", "@x", "+x", "-x", "\uff1d1", "Ada;=1+1", "Ada;\t +x", "Ada\n@x", "Ada\r\n-x"])
def test_no_cell_of_a_spreadsheet_is_a_formula(text: str) -> None:
    cells = re.split(r"[;\t\r\n]", spreadsheet_cell(text))
    assert not [cell for cell in cells if cell.strip()[:1] in (*"=@+-", "\uff1d")]
    assert spreadsheet_cell(text).replace("'", "") == text


@pytest.mark.parametrize("text", ["-1.5", "+3", "-", "Ada", "O'Neil, -x", "a-b", "x=1", "ada@uni.edu", "1e-3", ""])
def test_what_is_no_formula_stays(text: str) -> None:
    assert spreadsheet_cell(text) == text
