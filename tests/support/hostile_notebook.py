"""A notebook in which everything that a student can write tries to run a script, and what finds such an attempt in a page."""

import re
import warnings
from html.parser import HTMLParser

from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from autograder.feedback.exporter import FeedbackExporter

BANG = "alert('hostile')"
ATTACKS = (
    f"<script>{BANG}</script>",
    f"</pre></div></main></body><script>{BANG}</script>",
    "<script src=https://evil.example/x.js></script>",
    f"<img src=x onerror=\"{BANG}\">",
    f"<svg onload=\"{BANG}\"><script>{BANG}</script></svg>",
    f"<svg><animate onbegin=\"{BANG}\" attributeName=x dur=1s>",
    f"<math><mtext></p><style><img src=x onerror=\"{BANG}\"></style></mtext></math>",
    "<iframe src=\"javascript:alert('hostile')\"></iframe>",
    "<iframe srcdoc=\"<script>parent.alert('hostile')</script>\"></iframe>",
    "<object data=\"javascript:alert('hostile')\"></object><embed src=https://evil.example/x.swf>",
    f"<details open ontoggle=\"{BANG}\"><summary>x</summary></details>",
    f"<input autofocus onfocus=\"{BANG}\"><form action=https://evil.example><button>x</button></form>",
    "<link rel=stylesheet href=https://evil.example/x.css><style>@import 'https://evil.example/y.css';</style>",
    "<style>body { background: url(https://evil.example/z.png) }</style>",
    "<p style=\"background:url(https://evil.example/p.png);position:fixed;inset:0\">over everything</p>",
    "<meta http-equiv=refresh content=\"0;url=https://evil.example\"><base href=https://evil.example/>",
    "<a href=\"javascript:alert('hostile')\">click</a> <a href=\"java\tscript:alert('hostile')\">click</a>",
    "[click](javascript:alert('hostile')) [click](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[click](https://evil.example/a) ![seen](https://evil.example/b.png) <https://evil.example/c>",
    "![x](attachment:a.png) ![x](../../../secret.png) ![x](//evil.example/d.png)",
    f"[x]: https://evil.example/e \"' onmouseover='{BANG}'\"\n\n[x] ![x]",
    f"$\\href{{javascript:{BANG}}}{{x}}$ $$\\unicode{{<img src=x onerror={BANG}>}}$$",
    f"```html\n<script>{BANG}</script>\n```\n\n```\" onclick=\"{BANG}\n x\n```",
    f"<video poster=https://evil.example/f.png><source onerror=\"{BANG}\" src=x></video><img srcset='https://evil.example/g 2x'>",
    f"<noscript><p title=\"</noscript><img src=x onerror={BANG}>\">",
    f"<template><script>{BANG}</script></template><xmp><script>{BANG}</script></xmp><plaintext>",
    f"{{{{ ''.__class__.__mro__ }}}} {{% include '/etc/passwd' %}} <!-- --!><script>{BANG}</script>",
    f"\x1b[31m<b onclick=\"{BANG}\">\x1b]8;;javascript:{BANG}\x07x\x1b[0m \ud800 \u202e \x00",
)  # fmt: skip
EVERYTHING = "\n\n".join(ATTACKS)
SEEN_AS = {  # mime types under which a student's code can hand a notebook an output
    *("text/html", "text/plain", "text/latex", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "image/gif"),
    *("application/javascript", "application/json", "text/vnd.mermaid"),
}


def marks(grade_id: str, **more: object) -> dict[str, object]:
    """nbgrader's metadata of a cell, as GetGrades leaves it."""
    none = dict.fromkeys(("grade", "locked", "solution", "task"), False)
    return {"nbgrader": {"grade_id": grade_id, "schema_version": 3, **none, **more}}


def shown(text: str) -> list[NotebookNode]:
    """Every kind of output with this text in every field."""
    data = dict.fromkeys(SEEN_AS, text)
    one_by_one = [new_output("display_data", data={mime: text}) for mime in sorted(SEEN_AS)]
    return [
        new_output("stream", name="stdout", text=text),
        new_output("stream", name="stderr", text=text),
        new_output("error", ename=text, evalue=text, traceback=[text, text, text]),
        new_output("execute_result", data=data, metadata={text[:20]: text}, execution_count=1),
        *one_by_one,
    ]


def hostile_notebook() -> NotebookNode:
    test = marks("check_it", grade=True, locked=True, score=1.0, points=2.0)
    own = marks("words", grade=True, solution=True, score=0.0, points=1.0, comment=EVERYTHING)
    files = {"a.png": {"text/html": "PHNjcmlwdD4=", "image/svg+xml": "\"><script>", "image/png": "x\" onerror=\"alert(1)"}}
    cells = [
        new_markdown_cell(f"# Title {ATTACKS[0]}"),
        new_code_cell(EVERYTHING, outputs=shown(EVERYTHING), metadata=marks("it", solution=True, comment=EVERYTHING)),
        new_code_cell("check('it', it)", outputs=shown(EVERYTHING), metadata=test),
        *(new_code_cell(attack, outputs=shown(attack)) for attack in ATTACKS),
        new_markdown_cell(EVERYTHING, metadata=own, attachments=files),
        *(new_markdown_cell(attack, metadata=own, attachments=files) for attack in ATTACKS),
        new_raw_cell(EVERYTHING, metadata={"raw_mimetype": "text/html", "format": "text/html"}),
    ]
    return new_notebook(cells=cells, metadata={"language_info": {"name": EVERYTHING}, "title": EVERYTHING})


def hostile_page() -> str:
    about = {"notebook": f"unit{ATTACKS[0]}", "score": 1.0, "max_score": 3.0, "late_penalty": 1.0}
    return str(FeedbackExporter().from_notebook_node(hostile_notebook(), {"nbgrader": about})[0])


def stock_page() -> str:
    """The same notebook, such as a file can hold it, through nbconvert as it comes."""
    notebook = from_dict(_encodable(hostile_notebook()))
    notebook.metadata.language_info.name = "python"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of outputs that it can't show
        return str(HTMLExporter(template_name="basic").from_notebook_node(notebook)[0])


def _encodable(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("attachment:", "./")  # a missing one stops nbconvert
    if isinstance(value, dict):
        return {_encodable(key): _encodable(one) for key, one in value.items()}
    return [_encodable(one) for one in value] if isinstance(value, list) else value


TAGS = {
    *("script", "iframe", "frame", "object", "embed", "applet", "form", "input", "button", "base", "link", "svg", "math"),
    *("template", "noscript", "video", "audio", "portal"),  # of a <source> it is the address that counts
}
ADDRESSES = {
    *("href", "src", "srcset", "action", "formaction", "poster", "data", "background", "cite", "ping", "xlink:href"),
    *("srcdoc",),
}


class Dangers(HTMLParser):
    """What in a page could run, load or lead away."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.within = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.within = tag
        if tag in TAGS or (tag == "meta" and ("http-equiv", "refresh") in attrs):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            harmless = re.fullmatch(r"#[\w-]*|data:image/(png|jpeg|gif);base64,[\w+/=]*", value or "")
            styles = name == "style" and re.search(r"url|expression|import|position|@", value or "")
            if name.startswith("on") or (name in ADDRESSES and not harmless) or styles:
                self.found.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self.within == "style" and re.search(r"url\s*\(|@import|</", data):
            self.found.append(f"style: {data[:80]}")

    def handle_endtag(self, tag: str) -> None:
        self.within = ""
