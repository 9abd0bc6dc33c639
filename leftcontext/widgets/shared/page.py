"""A page that shows widgets without a kernel and without any other address: state, modules and a model in one file."""

from __future__ import annotations

import json
from html import escape

from leftcontext.widgets.shared.base import CourseWidget, load_view

SCRIPT, STYLE = load_view("page")


def page(widgets: dict[str, CourseWidget], title: str, notes: dict[str, str] | None = None) -> str:
    """An HTML page with each widget under its heading; what a toggle changes works, and so does training, in JavaScript.

    `notes` stand below the headings of the same name, or below the title.
    """
    below = {name: f'<p class="note">{escape(text)}</p>' for name, text in (notes or {}).items()}
    parts = [f"<h2>{escape(name)}</h2>{below.get(name, '')}{holder(widget)}" for name, widget in widgets.items()]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body><main>'
        f'<h1>{escape(title)}</h1>{below.get(title, "")}{"".join(parts)}</main>'
        f'<script type="module">{SCRIPT}</script></body></html>'
    )


def holder(widget: CourseWidget) -> str:
    """The HTML in which SCRIPT shows a widget: its state, and the place beside it."""
    state = {name: value for name, value in widget.get_state().items() if name not in ("layout", "comm")}
    data = json.dumps(state).replace("</", "<\\/")  # else a text in the state could end the script
    return f'<div><script type="application/json">{data}</script><div></div></div>'
